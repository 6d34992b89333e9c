import csv
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.analysis.errors import InputNotFound, NoRows, SettingError, TextColumnNotFound, UserError
from include.analysis.planning import plan_batches
from include.analysis.reading import ReadOptions, Source, SourceInfo, dataframe_source, open_source, open_sources
from include.analysis.reading.source import REPORTED_LINES, REPORTED_ROWS
from include.analysis.run_folder import RunFolder
from include.analysis.splitting import Splitter

from .helpers import rows_of, workbook, write

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def table_of(source: Source) -> list[dict[str, str]]:
    return [dict(zip(source.info.columns, row, strict=True)) for row in rows_of(source)]


def test_mixed_types(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "a.csv", "Fecha,Comentario Final\n2025-01-01,bien\n2025-01-01,mal\n"),
        workbook(tmp_path / "b.xlsx", Datos=[["Exportado"], ["Opinión", "Nota", "Fecha"], ["lento", 3, "2025-01-01"]]),
        write(tmp_path, "c.csv.gz", gzip.compress("Texto;Sucursal\nñandú;Luque\n".encode("cp1252"))),
    ]
    source = open_sources(paths)
    assert table_of(source) == [
        {"Fecha": "2025-01-01", "Comentario Final": "bien", "Nota": "", "Sucursal": ""},
        {"Fecha": "2025-01-01", "Comentario Final": "mal", "Nota": "", "Sucursal": ""},
        {"Fecha": "2025-01-01", "Comentario Final": "lento", "Nota": "3", "Sucursal": ""},
        {"Fecha": "", "Comentario Final": "ñandú", "Nota": "", "Sucursal": "Luque"},
    ]
    assert rows_of(source, 1) == rows_of(source)
    assert source.estimated_rows == 4
    assert 5 < source.bytes_per_row < 30
    info = source.info
    assert info.name == "a.csv and 2 more"
    assert (info.path, info.format, info.encoding, info.delimiter, info.sheet) == (None, "mixed", None, None, None)
    assert (info.compression, info.header_line, info.text_column) == (None, 0, "Comentario Final")
    assert info.bytes == sum(path.stat().st_size for path in paths)
    assert info.paths == tuple(paths)
    assert info.renamed_columns == {"Opinión": "Comentario Final", "Texto": "Comentario Final"}
    assert set(info.detected) == {"text_column", "encoding", "delimiter", "sheet"}
    assert [(one.name, one.path, one.format, one.encoding, one.delimiter, one.sheet) for one in info.files] == [
        ("a.csv", paths[0], "csv", "utf-8", ",", None),
        ("b.xlsx", paths[1], "xlsx", None, None, "Datos"),
        ("c.csv.gz", paths[2], "csv", "cp1252", ";", None),
    ]
    assert [one.columns for one in info.files[1:]] == [
        ("Comentario Final", "Nota", "Fecha"),
        ("Comentario Final", "Sucursal"),
    ]
    assert SourceInfo.from_dict(json.loads(json.dumps(info.to_dict()))) == info


def test_one_file_is_what_it_was(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "Comentario\nbien\n")
    alone, one = open_source(path), open_sources([path])
    assert rows_of(alone) == rows_of(one)
    assert one.info == alone.info
    assert list(one.info.to_dict()) == [
        "name", "path", "format", "compression", "bytes", "encoding", "delimiter", "sheet", "header_line", "columns",
        "renamed_columns", "text_column", "detected",
    ]  # fmt: skip
    assert one.quality.to_dict() == alone.quality.to_dict()
    assert "empty_files" not in one.quality.to_dict()
    assert one.content_digest == alone.content_digest


def test_what_is_the_same_in_all_files_is_told(tmp_path: Path) -> None:
    paths = [write(tmp_path, name, "Comentario;Nota\nbién;1\n") for name in ("a.csv", "b.csv")]
    info = open_sources(paths).info
    assert info.name == "a.csv and b.csv"
    assert (info.format, info.encoding, info.delimiter, info.header_line) == ("csv", "utf-8", ";", 1)
    assert info.renamed_columns == {}


def test_a_column_called_like_the_text_column_makes_way(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "a.csv", "Observaciones,Nota\nbien,1\n"),
        write(tmp_path, "b.csv", "Observaciones,Comentario\ninterno,mal\n"),
    ]
    source = open_sources(paths)
    assert table_of(source) == [
        {"Observaciones": "bien", "Nota": "1", "Observaciones_2": ""},
        {"Observaciones": "mal", "Nota": "", "Observaciones_2": "interno"},
    ]
    assert source.info.files[1].renamed_columns == {"Comentario": "Observaciones", "Observaciones": "Observaciones_2"}


def test_reserved_names(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "a.csv", "Comentario,row\nbien,7\n"),
        write(tmp_path, "b.csv", "emotion,row\nmal,8\n"),
    ]
    with pytest.raises(TextColumnNotFound, match=r"b\.csv"):
        open_sources(paths, reserved={"row", "emotion"})
    write(tmp_path, "b.csv", "Texto,row,emotion\nmal,8,x\n")
    source = open_sources(paths, reserved={"row", "emotion"})
    assert table_of(source) == [
        {"Comentario": "bien", "row (original)": "7", "emotion (original)": ""},
        {"Comentario": "mal", "row (original)": "8", "emotion (original)": "x"},
    ]
    write(tmp_path, "b.csv", "row,Nota\nmal,8\n")
    write(tmp_path, "a.csv", "Row,Nota\nbien,7\n")
    source = open_sources(paths, ReadOptions(text_column="row"), {"row"})
    assert [row["Row"] for row in table_of(source)] == ["bien", "mal"]
    assert source.info.files[1].renamed_columns == {"row": "Row"}


def test_files_without_rows(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "a.csv", "Comentario,Nota\n"),
        write(tmp_path, "b.csv", "Texto\nbien\n"),
        write(tmp_path, "c.csv", ""),
        workbook(tmp_path / "d.xlsx", Datos=[["Comentario", "Nota"]]),
        workbook(tmp_path / "e.xlsx", Datos=[["Comentario", "Nota"], ["", ""]]),
        write(tmp_path, "f.csv", "Texto\nmal\n"),
    ]
    source = open_sources(paths)
    assert [row["Texto"] for row in table_of(source)] == ["bien", "mal"]
    assert source.quality.empty_files == ["a.csv", "c.csv", "d.xlsx", "e.xlsx"]
    assert source.info.paths == tuple(paths)
    assert source.info.text_column == "Texto"
    rows_of(source)
    assert source.quality.empty_files == ["a.csv", "c.csv", "d.xlsx", "e.xlsx"], "a second pass tells the same"


def test_no_rows_at_all(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.csv", "Comentario\n"), write(tmp_path, "b.csv", "")]
    with pytest.raises(NoRows, match=r"no rows in any of .*a\.csv, .*b\.csv; at least one comment is needed"):
        open_sources(paths)
    many = [write(tmp_path, f"{number}.csv", "") for number in range(12)]
    with pytest.raises(NoRows, match=r"9\.csv and 2 more; "):
        open_sources(many)


def test_rows_that_turn_out_to_be_blank(tmp_path: Path) -> None:
    paths = [workbook(tmp_path / name, Datos=[["Comentario"], [""], [" "]]) for name in ("a.xlsx", "b.xlsx")]
    source = open_sources(paths)
    with pytest.raises(NoRows, match=r"no rows in any of .*a\.xlsx, .*b\.xlsx; "):
        rows_of(source)
    source = open_sources([*paths, write(tmp_path, "c.csv", "Texto\nbien\n")])
    assert rows_of(source) == [("bien",)]
    assert source.quality.empty_files == ["a.xlsx", "b.xlsx"]


def test_errors_name_the_file(tmp_path: Path) -> None:
    good = write(tmp_path, "a.csv", "Comentario\nbien\n")
    with pytest.raises(InputNotFound, match=r"missing\.csv does not exist"):
        open_sources([good, tmp_path / "missing.csv"])
    with pytest.raises(TextColumnNotFound, match=r"b\.csv: no column is known"):
        open_sources([good, write(tmp_path, "b.csv", "Nota\n1\n")])
    bad = write(tmp_path, "c.csv", b"Comentario\n" + b"bien\n" * 300_000 + "atención\n".encode("cp1252"))
    source = open_sources([good, bad], ReadOptions(encoding="utf-8"))
    with pytest.raises(UserError, match=r"c\.csv is not utf-8: near line 300,"):
        rows_of(source)
    with pytest.raises(SettingError, match=r"a\.csv is given twice"):
        open_sources([good, bad, good])


def test_quality_says_which_file(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    paths = [
        write(tmp_path, "a.csv", "Nota,Comentario\n1,bien\n2\n\n3,mal\n"),
        write(tmp_path, "b.csv", "Nota,Comentario\n1,señal ñandú\n".encode() + "2,atención\n4,a,b\n".encode("cp1252")),
        write(tmp_path / "x", "a.csv", "Nota,Comentario\n1\n"),
    ]
    source = open_sources(paths)
    assert len(rows_of(source)) == 7
    quality = source.quality
    assert [(entry["file"], entry["line"], entry["row"]) for entry in quality.ragged] == [
        (str(paths[0]), 3, 2),
        ("b.csv", 4, 6),
        (str(paths[2]), 2, 7),
    ]
    assert (quality.ragged_rows, quality.blank_lines, quality.repaired_characters) == (3, 1, 1)
    assert quality.repaired_lines == ["b.csv:3"]
    assert quality.empty_files == []


def test_reports_are_bounded(tmp_path: Path) -> None:
    ragged = b"Nota,Comentario\n1,se\xc3\xb1al \xc3\xb1and\xc3\xba \xc3\xb1and\xc3\xba \xc3\xb1 \xc3\xb1 \xc3\xb1\n"
    ragged += b"\xf1\n" * 4 + b"1\n" * (REPORTED_ROWS - 10)
    source = open_sources([write(tmp_path, f"{name}.csv", ragged) for name in "abcdefgh"], ReadOptions())
    rows_of(source)
    assert source.quality.ragged_rows == 8 * (REPORTED_ROWS - 6)
    assert len(source.quality.ragged) == REPORTED_ROWS
    assert source.quality.repaired_characters == 32
    assert len(source.quality.repaired_lines) == REPORTED_LINES


def test_the_digest_depends_on_every_file_and_their_order(tmp_path: Path) -> None:
    a, b, empty = (
        write(tmp_path, name, content)
        for name, content in [("a.csv", "Texto\na\n"), ("b.csv", "Texto\nb\n"), ("c.csv", "Texto\n")]
    )
    digests = set()
    for paths in ([a, b], [b, a], [a, b, empty], [a]):
        source = open_sources(paths)
        assert source.content_digest is None
        rows_of(source)
        digests.add(source.content_digest)
    write(tmp_path, "c.csv", "Comentario\n")
    source = open_sources([a, b, empty])
    rows_of(source)
    digests.add(source.content_digest)
    assert len(digests - {None}) == 5


def test_workbooks_that_wait_are_not_in_memory(tmp_path: Path) -> None:
    paths = [workbook(tmp_path / name, Datos=[["Texto"], ["bien"]]) for name in ("a.xlsx", "b.xlsx")]
    source = open_sources(paths)
    assert [file.source._reader for file in source._files] == [None, None]  # type: ignore[attr-defined]
    assert rows_of(source) == rows_of(source) == [("bien",), ("bien",)]


def signature(source: Source, folder: Path) -> Any:
    return Splitter(RunFolder(folder), source, plan_batches(1, 1, 512, 1)).signature()


def test_the_signature_of_a_split_depends_on_every_file(tmp_path: Path) -> None:
    import pandas as pd

    paths = [write(tmp_path, name, f"Texto\n{name}\n") for name in ("a.csv", "b.csv")]
    paths.append(write(tmp_path, "c.csv", ""))
    first = signature(open_sources(paths), tmp_path)
    assert signature(open_sources(paths), tmp_path) == first
    assert json.loads(json.dumps(first)) == first
    assert [one["path"] for one in first["files"]] == list(map(str, paths))
    assert signature(open_sources(paths[:2]), tmp_path) != first
    assert signature(open_sources([paths[1], paths[0], paths[2]]), tmp_path) != first
    for path in paths:
        os.utime(path, ns=(1, 1))
        changed = signature(open_sources(paths), tmp_path)
        assert changed != first
        first = changed
    assert signature(open_source(paths[0]), tmp_path)["files"] == [first["files"][0]]
    assert signature(dataframe_source(pd.DataFrame({"Texto": ["x"]})), tmp_path) is None


NAMES = ["Fecha", "Nota", "Canal", "Comentario (interno)"]
CELLS = st.text("abñ ,;\n\"'", max_size=4)
FILE = st.tuples(
    st.lists(st.sampled_from(NAMES), unique=True),
    st.sampled_from(["Comentario", "Opinión"]),
    st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=5),
)


@QUICK
@given(st.lists(FILE, min_size=2, max_size=4), st.integers(1, 7))
def test_combined_is_the_concatenation(
    tmp_path: Path, files: list[tuple[list[str], str, list[list[str]]]], chunk: int
) -> None:
    paths, expected, columns = [], [], {}
    text = next((name for _, name, rows in files if rows), "")
    for number, (others, own, rows) in enumerate(files):
        path = tmp_path / f"{number}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
                [[own, *others], *(row[: len(others) + 1] for row in rows)]
            )
        paths.append(path)
        if rows:
            columns.update(dict.fromkeys([text, *others]))
        expected += [dict(zip([text, *others], row, strict=False)) for row in rows]
    if not expected:
        with pytest.raises(NoRows):
            open_sources(paths, ReadOptions(encoding="utf-8", delimiter=","))
        return
    source = open_sources(paths, ReadOptions(encoding="utf-8", delimiter=","))
    assert source.info.columns == tuple(columns)
    assert rows_of(source, chunk) == [tuple(row.get(name, "") for name in columns) for row in expected]
    assert source.quality.empty_files == [
        path.name for path, (_, _, rows) in zip(paths, files, strict=True) if not rows
    ]
