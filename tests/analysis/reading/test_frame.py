import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from include.analysis.errors import NoRows, TextColumnNotFound
from include.analysis.reading import ReadOptions, dataframe_source

from .helpers import rows_of


def test_values_by_the_rules_of_workbooks() -> None:
    frame = pd.DataFrame(
        {
            "Fecha": [pd.Timestamp("2024-03-01 08:30:05"), pd.NaT, pd.Timestamp("2024-03-02")],
            "Nota": [9.0, np.nan, 2.5],
            "NPS": pd.array([1, None, 3], dtype="Int64"),
            "Activo": [True, False, True],
            "Varios": [Decimal("3.0"), None, np.int64(7)],
            "Comentario Final": ["007", None, " ñandú\n"],
        },
        index=[5, 5, 9],
    )
    source = dataframe_source(frame)
    assert rows_of(source) == [
        ("2024-03-01 08:30:05", "9", "1", "TRUE", "3", "007"),
        ("", "", "", "FALSE", "", ""),
        ("2024-03-02 00:00:00", "2.5", "3", "TRUE", "7", " ñandú\n"),
    ]
    info = source.info
    assert (info.name, info.path, info.format, info.header_line) == ("DataFrame", None, "dataframe", 0)
    assert info.text_column == "Comentario Final"
    assert source.estimated_rows == 3
    assert source.bytes_per_row > 5
    assert source.content_digest is None


def test_columns() -> None:
    frame = pd.DataFrame([[1, 2, "x", "y"]], columns=pd.Index([7, "row", "texto", "texto"], dtype=object))
    source = dataframe_source(frame, ReadOptions(), {"row"})
    assert source.info.columns == ("7", "row (original)", "texto", "texto_2")
    assert source.info.text_column == "texto"
    assert rows_of(source) == [("1", "2", "x", "y")]
    assert dataframe_source(frame, ReadOptions(text_column="ROW"), {"row"}).info.text_column == "row (original)"


def test_odd_objects() -> None:
    frame = pd.DataFrame({"texto": ["\ud800 mal", ["a", "b"], dt.date(2024, 1, 2)]})
    assert rows_of(dataframe_source(frame)) == [("? mal",), ("['a', 'b']",), ("2024-01-02",)]


def test_many_rows() -> None:
    frame = pd.DataFrame({"Comentario": [f"c{n}" for n in range(20_000)]})
    assert rows_of(dataframe_source(frame), 3_000) == [(f"c{n}",) for n in range(20_000)]


def test_refusals() -> None:
    with pytest.raises(TextColumnNotFound, match=r"^DataFrame: no column is known .* the columns are 'a', 'b'$"):
        dataframe_source(pd.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(NoRows, match="DataFrame has a header and no rows"):
        dataframe_source(pd.DataFrame({"texto": []}))
