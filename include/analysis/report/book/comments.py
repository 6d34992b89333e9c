"""The sheet of all comments: its columns, head and filter, and what its rows are made from."""

from __future__ import annotations

from dataclasses import dataclass

from include.analysis.report.book.sheet_plan import SheetPlan
from include.analysis.report.book.sheet_rows import SheetColumn, column_letters, naming
from include.analysis.report.book.sheets import SheetWriter
from include.analysis.report.book.splice import RowSource
from include.analysis.report.cells import cell_text
from include.analysis.report.content import Content
from include.analysis.report.figures import IN_ORDER
from include.analysis.themes import SEPARATOR

TEXT_WIDTH = 90.0
WIDEST_NAME = 24.0


@dataclass(frozen=True)
class CommentsSheet:
    """The comments of a run as a sheet; `plan` says what its columns hold."""

    content: Content
    plan: SheetPlan

    @property
    def name(self) -> str:
        return self.content.t("sheet.comments")

    @property
    def note(self) -> str:
        """What the sheet does not show; empty when it shows everything."""
        t, plan = self.content.t, self.plan
        if plan.rows_shown == plan.rows:
            return ""
        return t("workbook.too_many", shown=t.number(plan.rows_shown), total=t.number(plan.rows))

    def write(self, writer: SheetWriter) -> None:
        """Everything but the rows: in place of them one that has the format of each column."""
        sheet, head = writer.sheet(self.name), int(bool(self.note))
        if self.note:
            sheet.write_string(0, 0, self.note, writer.formats.grave)
        for position, column in enumerate(self.plan.columns):
            name = cell_text(self._column_name(position, column.name))
            is_text = column.name == self.content.run.columns.text and position < self.plan.own_columns
            width = TEXT_WIDTH if is_text else max(column.width, min(WIDEST_NAME, len(name) + 4))
            sheet.set_column(position, position, width)
            sheet.write_string(head, position, name, writer.formats.head_left)
            sheet.write_blank(head + 1, position, None, writer.formats.of_column(position, self.plan))
        sheet.freeze_panes(head + 1, 0)
        sheet.autofilter(head, 0, head + self.plan.rows_shown, len(self.plan.columns) - 1)
        sheet.repeat_rows(head)

    def _column_name(self, position: int, name: str) -> str:
        """What a column is called: own ones as they are, those of the answers in the language of the report."""
        if position < self.plan.own_columns:
            return name
        return self.content.t.get(f"workbook.{name}", self.content.t.get(f"emotion.{name}", name))

    def rows(self) -> RowSource:
        """What the rows are made from."""
        t = self.content.t
        names = {
            "emotion": naming({emotion: t.emotion(emotion) for emotion in IN_ORDER}),
            "themes": naming(dict(self.content.figures.names), SEPARATOR),
        }
        columns = [
            SheetColumn(column, column_letters(i), "0", names.get(column.name) if i > self.plan.own_columns else None)
            for i, column in enumerate(self.plan.columns)
        ]
        first = 3 if self.note else 2
        return RowSource(self.content.run, columns, first, self.plan.rows_shown, self.plan.month_first)
