"""Writes sheets: names that Excel takes, tables, facts, and every value as what it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.analysis.report.book.formats import Formats
from include.analysis.report.book.tables import DAY, MEAN, MONTH, SHARE, WHOLE, WORDS, WRAPPED, YEAR, Grid
from include.analysis.report.cells import cell_text
from include.analysis.report.generic import Shown
from include.analysis.report.language import Language

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEET_NAME_LENGTH = 31
LINE_HEIGHT = 15
WIDTHS = {WORDS: 26.0, WRAPPED: 60.0, WHOLE: 13.0, SHARE: 11.0, MEAN: 11.0, DAY: 12.0, MONTH: 12.0, YEAR: 10.0}


class SheetWriter:
    """Adds sheets to a workbook and writes into them."""

    def __init__(self, book: Workbook, t: Language) -> None:
        self.book = book
        self.t = t
        self.formats = Formats(book, t)
        self.taken: set[str] = set()

    def sheet(self, name: str) -> Worksheet:
        """A sheet whose name Excel takes, and which no other has."""
        clean = "".join(" " if character in "[]:*?/\\" else character for character in cell_text(name))
        clean = clean.strip(" '")[:SHEET_NAME_LENGTH] or "-"
        unique, number = clean, 2
        while unique.casefold() in self.taken:
            unique, number = f"{clean[: SHEET_NAME_LENGTH - 4]} ({number})", number + 1
        self.taken.add(unique.casefold())
        sheet = self.book.add_worksheet(unique)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        sheet.set_footer("&C&P / &N")
        return sheet

    def set_widths(self, sheet: Worksheet, grid: Grid) -> None:
        for column, kind in enumerate(grid.kinds):
            width = grid.widths[column] if grid.widths else WIDTHS[kind]
            sheet.set_column(column, column, max(width, min(20.0, 4 + len(str(grid.head[column])))))

    def put_grid(self, sheet: Worksheet, row: int, grid: Grid) -> int:
        """Write a table; returns the row of its last line."""
        for column, name in enumerate(grid.head):
            left = grid.kinds[column] in (WORDS, WRAPPED)
            sheet.write_string(row, column, cell_text(name), self.formats.head_left if left else self.formats.head)
        for line in grid.rows:
            row += 1
            for column, value in enumerate(line):
                self.put(sheet, row, column, value, grid.kinds[column])
            if (lines := _lines(grid, line)) > 1:
                sheet.set_row(row, LINE_HEIGHT * lines)
        return row

    def put(self, sheet: Worksheet, row: int, column: int, value: Any, kind: str = WORDS) -> None:
        """Write a value as what it is."""
        if value is None:
            return
        if isinstance(value, str):
            written = self.formats.of(WRAPPED) if kind == WRAPPED else self.formats.words(column)
            sheet.write_string(row, column, cell_text(value), written)
        elif isinstance(value, int | float):
            chosen = kind if kind not in (WORDS, WRAPPED) else WHOLE if float(value).is_integer() else MEAN
            sheet.write_number(row, column, value, self.formats.of(chosen))
        else:
            sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), self.formats.of(kind))

    def put_shown(self, sheet: Worksheet, row: int, shown: Shown, widths: bool = True) -> int:
        """Write facts and tables under each other; returns the row after them."""
        if widths:
            sheet.set_column(0, 0, 34)
            sheet.set_column(1, 8, 16)
        for name, value in shown.facts:
            sheet.write_string(row, 0, cell_text(name), self.formats.name)
            self.put(sheet, row, 1, value)
            row += 1
        for block in shown.blocks:
            row += 1
            sheet.write_string(row, 0, cell_text(block.title), self.formats.title)
            row += 1
            if block.head:
                kinds = [WORDS] * len(block.head)
                row = self.put_grid(sheet, row, Grid(block.head, kinds, block.rows)) + 1
            else:
                for line in block.rows:
                    self.put(sheet, row, 0, line[0])
                    row += 1
            if block.more:
                sheet.write_string(row, 0, self.t.count("generic.more", block.more), self.formats.note)
                row += 1
        return row


def _lines(grid: Grid, row: Sequence[Any]) -> int:
    """How many lines a row takes: not every program finds out by itself."""
    widths = grid.widths or [WIDTHS[kind] for kind in grid.kinds]
    wrapped = [
        (str(value).split("\n"), width)
        for value, kind, width in zip(row, grid.kinds, widths, strict=True)
        if kind == WRAPPED and value is not None
    ]
    return max((sum(1 + int(len(part) / width) for part in parts) for parts, width in wrapped), default=1)
