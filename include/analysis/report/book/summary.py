"""The first sheet: headline figures, what needs attention, and charts of what the other sheets hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.analysis.report.attention import findings
from include.analysis.report.book.charts import SummaryCharts
from include.analysis.report.book.sheets import SheetWriter
from include.analysis.report.book.tables import WORDS, Grid
from include.analysis.report.cells import cell_text
from include.analysis.report.content import Content
from include.analysis.report.headline import Headline
from include.analysis.report.parts import Kpi

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

TEXT_OF_A_LINE = 112  # characters that fit beside each other in the three columns
LINE_HEIGHT = 16


@dataclass(frozen=True)
class Summary:
    """Writes the summary; `places` says where the tables are that its charts show."""

    content: Content
    writer: SheetWriter
    sheet: Worksheet
    places: Mapping[str, tuple[str, Grid]]

    def write(self, comments: str) -> None:
        """Fill the sheet; `comments` is the name of the comments sheet."""
        t, sheet, formats = self.content.t, self.sheet, self.writer.formats
        head = Headline(self.content)
        sheet.hide_gridlines(2)
        for column, width in enumerate((30, 20, 46, 3)):
            sheet.set_column(column, column, width)
        sheet.write_string(0, 0, cell_text(head.name), formats.heading)
        self._line(1, " · ".join(head.subtitle()), formats.note)
        row = self._banner(head, 3)
        row = self._figures(head.kpis(), row) + 2
        sheet.write_string(row, 0, t("section.attention"), formats.title)
        told = [finding.text for finding in findings(self.content)]
        for text in told or [t("attention.nothing")]:
            row += 1
            self._line(row, text)
        self._line(row + 2, t("workbook.sheet_of", name=comments), formats.note)
        self._line(row + 3, t("workbook.neutralised"), formats.note)
        SummaryCharts(self.writer.book, self.content, self.places).insert(sheet)

    def _banner(self, head: Headline, row: int) -> int:
        """What is missing; returns the row after it."""
        banner = head.banner()
        if banner is None:
            return row
        self.sheet.write_string(row, 0, banner.title, self.writer.formats.grave)
        for line in banner.lines:
            row += 1
            self._line(row, line)
        return row + 2

    def _line(self, row: int, text: str, chosen: Format | None = None) -> None:
        """A sentence over the three columns, in as many lines as it takes."""
        wrapped, lines = chosen or self.writer.formats.wrapped, 1 + len(text) // TEXT_OF_A_LINE
        self.sheet.merge_range(row, 0, row, 2, "", wrapped)
        self.sheet.write_string(row, 0, cell_text(text), wrapped)
        self.sheet.set_row(row, LINE_HEIGHT * lines)

    def _figures(self, kpis: list[Kpi], row: int) -> int:
        """The headline figures; returns the row of the last."""
        t, formats = self.content.t, self.writer.formats
        for column, name in enumerate((t("workbook.figure"), t("workbook.value"), "")):
            self.sheet.write_string(row, column, name, formats.head_left)
        for kpi in kpis:
            row += 1
            self.sheet.write_string(row, 0, cell_text(kpi.name), formats.name)
            if kpi.number is not None:
                self.sheet.write_number(row, 1, kpi.number, formats.value_of(kpi.number_kind))
            elif kpi.value:
                self.sheet.write_string(row, 1, cell_text(kpi.value), formats.value)
            if kpi.note:
                self.sheet.write_string(row, 2, cell_text(kpi.note), formats.of(WORDS))
            for i, (name, told) in enumerate(kpi.items):
                row += bool(i)
                self.sheet.write_string(row, 1, cell_text(name), formats.value)
                self.sheet.write_string(row, 2, told, formats.of(WORDS))
        return row
