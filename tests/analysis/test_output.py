"""The file given back: the same bytes however its rows arrive, and cells that a spreadsheet does not run."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis import output
from include.analysis.output import CommentsWriter, neutralise

SCHEMA = pa.schema([("Comentario", pa.string()), ("row", pa.int64()), ("joy", pa.float64())])


def table_of(texts: list[str | None]) -> pa.Table:
    return pa.table(
        [texts, list(range(1, len(texts) + 1)), [0.25] * len(texts)],
        schema=SCHEMA,
    )


def write(folder: Path, tables: list[pa.Table]) -> tuple[bytes, bytes]:
    parquet, csv_path = folder / "c.parquet", folder / "c.csv"
    with CommentsWriter(parquet, csv_path, SCHEMA) as writer:
        for table in tables:
            writer.write(table)
    return parquet.read_bytes(), csv_path.read_bytes()


def test_the_bytes_do_not_depend_on_how_rows_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "ROWS_PER_GROUP", 100)
    whole = table_of([f"comentario {i % 37}" for i in range(1000)])
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    cut = [whole.slice(a, b - a) for a, b in [(0, 1), (1, 150), (150, 151), (151, 799), (799, 1000)]]
    assert write(tmp_path / "a", [whole]) == write(tmp_path / "b", cut)


def test_csv_opens_right_in_excel(tmp_path: Path) -> None:
    _, raw = write(tmp_path, [table_of(['dijo "hola"\ny se fue', "ñandutí, 😡", "", None])])
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True)))
    assert rows == [
        ["Comentario", "row", "joy"],
        ['dijo "hola"\ny se fue', "1", "0.25"],
        ["ñandutí, 😡", "2", "0.25"],
        ["", "3", "0.25"],
        ["", "4", "0.25"],
    ]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+velocidad", "'+velocidad"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("-", "-"),
        ("-5", "-5"),
        ("+595981123456", "+595981123456"),
        ("-1,5", "-1,5"),
        ("-5+3", "'-5+3"),
        ("hola =1", "hola =1"),
        ("", ""),
    ],
)
def test_formulas_are_neutralised(cell: str, written: str) -> None:
    assert neutralise(pa.array([cell])).to_pylist() == [written]


@given(st.lists(st.text("'=+-@\t\r15., a") | st.text()))
def test_neutralising_is_reversible_as_documented(cells: list[str]) -> None:
    written = neutralise(pa.array(cells, pa.string())).to_pylist()
    assert not [cell for cell in written if re.match(r"[=@\t\r]|[+\-]+[^\d+\-]", cell)]
    assert [re.sub(r"^'(?='*[=+\-@\t\r])", "", cell) for cell in written] == cells


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        CommentsWriter(tmp_path / "c.parquet", tmp_path / "c.csv", SCHEMA) as writer,
    ):
        writer.write(table_of(["a"]))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_parquet_keeps_texts_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, [table_of(["=1+1", "007", ""])])
    assert pq.read_table(tmp_path / "c.parquet").column("Comentario").to_pylist() == ["=1+1", "007", ""]
