"""`report.xlsx` as openpyxl and LibreOffice read it: nothing to repair, no formula, values of the right kind."""

from __future__ import annotations

import csv
import re
import shutil
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from include.analysis.report import ReportOptions, build
from include.analysis.report.book import sheet_plan
from include.analysis.report.cells import cell_texts
from include.analysis.report.times import parse_times
from tests.analysis.report import runs
from tests.analysis.report.programs import converted

SHEETS = ["Resumen", "Emociones", "Temas", "Frases típicas", "Duplicados", "Parecidos", "Por fecha", "Por nota",
          "Calidad y ejecución", "Comentarios"]  # fmt: skip


def comments_of(folder: Path) -> list[tuple[Any, ...]]:
    """The cells of the comments sheet, its head first."""
    book = load_workbook(folder / "report.xlsx", read_only=True)
    return list(book["Comentarios"].iter_rows(values_only=True))


def restored(cell: str) -> str:
    """The original of a cell, as the README says."""
    return re.sub(r"^'(?='*[=+\-@\t\r])", "", cell)


def test_the_sheets_are_those_of_an_office(everyday: Path) -> None:
    book = load_workbook(everyday / "report.xlsx")
    assert set(book.sheetnames) <= set(SHEETS)
    assert book.sheetnames[0] == "Resumen"
    assert len(book["Resumen"]._charts) >= 5
    sheet = book["Comentarios"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:P102")
    assert sheet.column_dimensions["E"].width > 60
    themes = book["Temas"]
    assert themes["C2"].number_format == "0.0%"
    assert 0 < themes["C2"].value < 1


def test_values_are_of_their_kind(everyday: Path) -> None:
    head, first, *_ = comments_of(everyday)
    assert head[:7] == ("Fecha", "Nota", "NPS", "ID Cliente", "Comentario Final", "Fila", "Duplicado de")
    assert first[:6] == (
        datetime(2025, 3, 1, 11, 29), 9, "Promotor", "0000938", "Excelente servicio, muy conforme con la velocidad", 1,
    )  # fmt: skip
    assert first[7] == "Alegría"
    assert all(isinstance(score, int | float) for score in first[8:14])


def test_every_row_is_there_as_in_the_csv(everyday: Path) -> None:
    with (everyday / "comments.csv").open(newline="", encoding="utf-8-sig") as file:
        told = [row["Comentario Final"] for row in csv.DictReader(file)]
    assert [row[4] or "" for row in comments_of(everyday)[1:]] == told


def test_no_cell_of_a_hostile_export_is_a_formula(hostile: Path) -> None:
    book = load_workbook(hostile / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "inlineStr"}
    assert not [cell for cell in cells if cell.hyperlink]
    shown = [unescape(row[3]) for row in comments_of(hostile)[1:]]
    assert [restored(text) for text in shown if len(text) < 30_000] == [
        text.replace("\r", "\n") for text in runs.HOSTILE_TEXTS if len(text) < 30_000
    ]
    assert [text for text in shown if len(text) >= 30_000] == ["x" * 32_766 + "…"]


def test_every_part_is_sound_xml(hostile: Path) -> None:
    with zipfile.ZipFile(hostile / "report.xlsx") as book:
        assert book.testzip() is None
        for name in book.namelist():
            ElementTree.fromstring(book.read(name))  # noqa: S314 - our own file


def test_libreoffice_opens_it_without_a_formula_or_a_loss(everyday: Path, hostile: Path, tmp_path: Path) -> None:
    books = [shutil.copy(folder / "report.xlsx", tmp_path / f"{folder.parent.name[:4]}.xlsx")
             for folder in (everyday, hostile)]  # fmt: skip
    for flat, folder in zip(converted(books, "fods", tmp_path), (everyday, hostile), strict=True):
        text = flat.read_text(encoding="utf-8")
        assert "table:formula" not in text
        assert 'xlink:href="http' not in text
        assert text.count("<draw:object") >= 3  # the charts
        rows = re.findall(
            "<table:table-row.*?</table:table-row>", text.partition('table:name="Comentarios"')[2], re.DOTALL
        )
        filled = [row for row in rows if "<text:p" in row]
        assert len(filled) == 1 + pq.read_metadata(folder / "comments.parquet").num_rows


@pytest.fixture
def small_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_plan, "EXCEL_ROWS", 40)


@pytest.mark.usefixtures("small_sheets")
def test_what_exceeds_a_sheet_is_said_on_it(everyday: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("results.json", "comments.parquet"):
        shutil.copy(everyday / name, folder / name)
    build(folder, ReportOptions())
    said, head, *rows = comments_of(folder)
    assert said[0] == (
        "Este libro muestra las primeras 38 de 101 filas: es lo que cabe en una hoja de Excel. "
        "Todas están en comments.csv."
    )
    assert head[0] == "Fecha"
    assert len(rows) == 38


@given(st.lists(st.text() | st.text("_xX0041\r\n\t=+'\x00\x1f\ufffe&<")))
def test_cells_can_be_read_back(texts: list[str]) -> None:
    cells = cell_texts(pa.array(texts, pa.string())).to_pylist()
    for cell, text in zip(cells, texts, strict=True):
        assert not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", cell)
        back = re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), cell)
        assert restored(back) == text.replace("\r\n", "\n").replace("\r", "\n")


def test_times_are_read_as_people_write_them() -> None:
    texts = ["2025-03-01 11:29:00", "01/03/2025 3:05 p. m.", "1/3/25, 12:00 AM", "01/03/2025", "1/3/25 25:00"]
    assert parse_times(pa.array(texts)).tolist() == [41_340, 54_300, 0, -1, -1]
