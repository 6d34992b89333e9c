"""The workbook: a summary with charts, a sheet for each analysis, and all comments with filters.

XlsxWriter makes everything but the rows of the comments sheet; `splice` puts those in, as they are made a column at a
time (see `sheet_rows`): a million rows cell by cell would take minutes.
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from include.analysis.report.book.comments import CommentsSheet
from include.analysis.report.book.formats import FACT
from include.analysis.report.book.sheet_plan import SheetPlan
from include.analysis.report.book.sheets import SheetWriter
from include.analysis.report.book.splice import splice
from include.analysis.report.book.summary import Summary
from include.analysis.report.book.tables import MEAN, WHOLE, WORDS, Grid, Tables
from include.analysis.report.cells import cell_text, title_text
from include.analysis.report.content import Content
from include.analysis.report.generic import Shown
from include.analysis.report.headline import Headline
from include.analysis.report.sections.origin import input_facts, run_facts, step_figures

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

LONG_AGO = datetime(2000, 1, 1)
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}


def write_workbook(path: Path, content: Content, plan: SheetPlan) -> None:
    """Write the workbook of a report to a path."""
    import xlsxwriter

    base, comments = io.BytesIO(), CommentsSheet(content, plan)
    book = xlsxwriter.Workbook(base, OPTIONS)
    BookMaker(content, book).make(comments)
    book.close()
    splice(base, path, comments.name, comments.rows())


class BookMaker:
    """Makes the sheets of a workbook."""

    def __init__(self, content: Content, book: Workbook) -> None:
        self.content = content
        self.t = content.t
        self.book = book
        self.writer = SheetWriter(book, content.t)
        self.places: dict[str, tuple[str, Grid]] = {}

    def make(self, comments: CommentsSheet) -> None:
        """Make all sheets, in their order."""
        t, tables = self.t, Tables(self.content)
        created = (self.content.analysed_at() or LONG_AGO).replace(tzinfo=None)
        name = t("page.of", name=Headline(self.content).name)
        self.book.set_properties({"title": title_text(name), "created": created})
        summary = self.writer.sheet(t("sheet.summary"))
        self.table_sheet("emotions", t("sheet.emotions"), tables.emotions(), self.rest("emotions"))
        self.table_sheet("themes", t("sheet.themes"), tables.themes(), self.rest("themes"))
        self.table_sheet("phrases", t("phrases.column_phrases"), tables.phrases())
        self.table_sheet("duplicates", t("sheet.duplicates"), tables.duplicates(), self.rest("duplicates"))
        self.table_sheet("alike", t("sheet.alike"), tables.alike(), self.rest("near_duplicates"))
        self.table_sheet("time", t("sheet.time"), tables.time())
        self.scores_sheet(tables)
        self.table_sheet("history", t("sheet.history"), tables.history())
        for name in self.content.custom:
            self.shown_sheet(self.content.analysis(name), self.content.shown(self.content.run.section(name)))
        self.run_sheet()
        comments.write(self.writer)
        Summary(self.content, self.writer, summary, self.places).write(comments.name)

    def rest(self, name: str) -> Shown:
        """What a section holds that has no table of its own."""
        if name not in self.content.run.analyses:
            return Shown()
        rest = self.content.rest(name)
        return Shown(rest.facts, [*self.content.theme_details().blocks, *rest.blocks]) if name == "themes" else rest

    def table_sheet(self, key: str, name: str, grid: Grid | None, rest: Shown | None = None) -> None:
        """A sheet with one table, and what else there is to show below it."""
        if grid is None and not rest:
            return
        sheet = self.writer.sheet(name)
        row = 0
        if grid is not None:
            row = self.writer.put_grid(sheet, 0, grid) + 2
            sheet.freeze_panes(1, 1)
            sheet.repeat_rows(0)
            sheet.autofilter(0, 0, len(grid.rows), len(grid.head) - 1)
            self.writer.set_widths(sheet, grid)
            self.places[key] = (sheet.get_name(), grid)
        if rest:
            self.writer.put_shown(sheet, row, rest, widths=grid is None)

    def shown_sheet(self, name: str, shown: Shown) -> None:
        """A sheet of an analysis that the report has no words for."""
        sheet = self.writer.sheet(name)
        if shown:
            self.writer.put_shown(sheet, 0, shown)
        else:
            sheet.write_string(0, 0, self.t("generic.empty"), self.writer.formats.note)

    def scores_sheet(self, tables: Tables) -> None:
        """Scores, and NPS groups below them."""
        scores, nps = tables.scores(), tables.nps()
        self.table_sheet("scores", self.t("sheet.scores"), scores)
        if nps is not None and scores is None:
            self.table_sheet("nps", self.t("sheet.scores"), nps)
        elif nps is not None and scores is not None:
            sheet = self.book.get_worksheet_by_name(self.places["scores"][0])
            row = len(scores.rows) + 2
            sheet.write_string(row, 0, cell_text(nps.title), self.writer.formats.title)
            self.writer.put_grid(sheet, row + 1, nps)

    def run_sheet(self) -> None:
        """The quality of the data and the course of the run."""
        t, sheet = self.t, self.writer.sheet(self.t("sheet.run"))
        sheet.set_column(0, 0, 36)
        sheet.set_column(1, 3, 22)
        row = 0
        for title, facts in (
            (t("section.quality"), input_facts(self.content)),
            (t("section.run"), run_facts(self.content)),
        ):
            sheet.write_string(row, 0, title, self.writer.formats.title)
            for fact in facts:
                row += 1
                sheet.write_string(row, 0, fact.name, self.writer.formats.name)
                self.writer.put(sheet, row, 1, fact.text if fact.number is None else fact.number, FACT)
            row += 2
        head = [t("run.step"), f"{t('run.step_seconds')} (s)", f"{t('run.step_memory')} (MiB)"]
        steps = [[self.content.step(name), seconds, memory] for name, seconds, memory in step_figures(self.content)]
        row = self.writer.put_grid(sheet, row, Grid(head, [WORDS, MEAN, WHOLE], steps)) + 2
        self._errors(sheet, row)

    def _errors(self, sheet: Worksheet, row: int) -> None:
        """Which rows lack an answer, and why."""
        banner = Headline(self.content).banner()
        if banner is None:
            return
        sheet.write_string(row, 0, banner.title, self.writer.formats.grave)
        for i, line in enumerate([*banner.lines, *banner.details], 1):
            sheet.write_string(row + i, 0, cell_text(line), self.writer.formats.words(0))
