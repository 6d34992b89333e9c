import datetime as dt
import hashlib
import struct
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from include.analysis.errors import CorruptInput, NoRows, SheetNotFound, TextColumnNotFound, UnsupportedInput
from include.analysis.reading import ReadOptions, open_source

from .helpers import read, rows_of, workbook

XLS = Path(__file__).parent / "data" / "comments.xls"
HEADER = ["Fecha", "Nota", "Comentario Final"]


def test_cells(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 3, 1, 8, 30, 5)
    rows = [
        HEADER,
        [moment, 9, "007"],
        [dt.date(2024, 3, 2), 2.5, " ñandú 👍 \n dos "],
        [dt.time(8, 5), 3.0, None],
        [dt.timedelta(hours=30), True, 12345678901],
        [None, -0.25, False],
    ]
    path = workbook(tmp_path / "a.xlsx", Datos=rows)
    source, found = read(path)
    assert found == [
        ("2024-03-01 08:30:05", "9", "007"),
        ("2024-03-02", "2.5", " ñandú 👍 \n dos "),
        ("08:05:00", "3", ""),
        ("30:00:00", "TRUE", "12345678901"),
        ("", "-0.25", "FALSE"),
    ]
    info = source.info
    assert (info.format, info.sheet, info.header_line, info.encoding, info.delimiter) == (
        "xlsx",
        "Datos",
        1,
        None,
        None,
    )
    assert info.detected == ("text_column", "sheet")
    assert source.estimated_rows == 5
    assert source.bytes_per_row > 10
    assert source.content_digest == hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def test_xls() -> None:
    source, rows = read(XLS)
    assert rows == [
        ("2024-03-01 08:30:05", "9", "007", "Muy buen servicio, ñandú 👍"),
        ("2024-03-02", "2.5", "008", "TRUE"),
    ]
    assert (source.info.format, source.info.sheet, source.info.header_line) == ("xls", "Datos", 2)


def test_an_xls_that_declares_billions_of_cells(tmp_path: Path) -> None:
    content = bytearray(XLS.read_bytes())
    dimensions = content.rindex(b"\x00\x02\x0e\x00") + 4
    content[dimensions : dimensions + 12] = struct.pack("<IIHH", 0, 0x7FFFFFFF, 0, 0x7FFF)
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    with pytest.raises(CorruptInput, match="is a damaged workbook \\(its tables declare impossible sizes\\)"):
        open_source(path)


def test_blank_rows_and_short_rows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Informe"], [], HEADER, ["a"], [], [None, None, ""], ["b", 0, "x"], [""], []]
    source, found = read(workbook(tmp_path / "a.xlsx", Datos=rows))
    assert found == [("a", "", ""), ("b", "0", "x")]
    assert source.info.header_line == 3
    assert source.quality.blank_lines == 2
    assert source.quality.ragged_rows == 0


def test_a_table_away_from_the_corner(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for position, values in enumerate((HEADER, ["a", 1, "x"])):
        for column, value in enumerate(values):
            book.worksheets[0].cell(5 + position, 3 + column, value)
    book.save(tmp_path / "a.xlsm")
    source, found = read(tmp_path / "a.xlsm")
    assert (found, source.info.header_line, source.info.columns) == ([("a", "1", "x")], 5, tuple(HEADER))


def test_the_sheet_with_the_comments_is_found(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        Portada=[["Informe de marzo"]],
        Viejo=[HEADER, ["o", 0, "viejo"]],
        Nuevo=[["Detalle", "Comentario"], ["n", "nuevo"]],
    )
    assert read(path)[0].info.sheet == "Viejo"
    assert read(path, sheet="nuevo ")[1] == [("n", "nuevo")]
    assert read(path, text_column="detalle")[0].info.sheet == "Nuevo"
    assert read(path, sheet="Nuevo")[0].info.detected == ("text_column",)
    with pytest.raises(SheetNotFound, match=r"has no sheet 'Hoja1'; its sheets are 'Portada', 'Viejo', 'Nuevo'"):
        open_source(path, ReadOptions(sheet="Hoja1"))
    with pytest.raises(TextColumnNotFound, match=r"sheet 'Portada': no column is known .* 'Informe de marzo'"):
        open_source(path, ReadOptions(sheet="Portada"))


def test_visible_sheets_come_first(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", Oculta=[HEADER, [1, 2, "o"]], Visible=[HEADER, [1, 2, "v"]])
    book = openpyxl.load_workbook(path)
    book["Oculta"].sheet_state = "hidden"
    book.active = 1
    book.save(path)
    assert read(path)[0].info.sheet == "Visible"


def test_no_rows(tmp_path: Path) -> None:
    with pytest.raises(NoRows, match="sheet 'Datos', has a header and no rows"):
        open_source(workbook(tmp_path / "a.xlsx", Datos=[HEADER]))
    with pytest.raises(NoRows, match="has no rows in any sheet"):
        open_source(workbook(tmp_path / "b.xlsx", Datos=[], Otra=[]))
    with pytest.raises(NoRows, match="has no rows in sheet 'Otra'"):
        open_source(workbook(tmp_path / "b.xlsx", Datos=[HEADER, [1, 2, "x"]], Otra=[]), ReadOptions(sheet="otra"))


def test_many_rows_in_chunks_twice(tmp_path: Path) -> None:
    rows = [HEADER, *([f"f{n}", n, f"comentario {n}"] for n in range(5_000))]
    source = open_source(workbook(tmp_path / "a.xlsx", Datos=rows), reserved={"Nota"})
    assert source.estimated_rows == 5_000
    assert source.info.renamed_columns == {"Nota": "Nota (original)"}
    assert rows_of(source, 1_000) == rows_of(source) == [(f"f{n}", str(n), f"comentario {n}") for n in range(5_000)]


def test_one_cell_in_the_far_corner(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(HEADER)
    book.worksheets[0].cell(1_048_576, 16_384, "x")
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(UnsupportedInput, match="reaches to cell XFD1048576"):
        open_source(tmp_path / "a.xlsx")


def test_damaged_inside(tmp_path: Path) -> None:
    good = workbook(tmp_path / "a.xlsx", Datos=[HEADER, [1, 2, "x"]])
    bad = tmp_path / "b.xlsx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if "sheet1" in name else data)
    with pytest.raises(CorruptInput, match=r"b\.xlsx is a damaged workbook"):
        rows_of(open_source(bad))


def test_a_second_pass_reads_the_same(tmp_path: Path) -> None:
    rows = [["exportado hoy"], ["row", "Fecha"], ["bien", "2025-01-01"]]
    path = workbook(tmp_path / "a.xlsx", Otra=[["x"]], Datos=rows)
    source = open_source(path, ReadOptions(text_column="row"), reserved={"row"})
    assert source.info.text_column == "row (original)"
    for _ in range(2):
        assert rows_of(source) == [("bien", "2025-01-01")]
    source.release()
    assert rows_of(source) == [("bien", "2025-01-01")]
