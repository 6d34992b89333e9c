"""How the comments are laid out in a sheet: what each column holds, how wide it is, and how many rows fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.report.columns import InputColumns

EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384
EXCEL_TEXT = 32_767
SHEET_BYTES = 1_900_000_000
"""What the XML of a sheet may take, with some room: files of more than 2 GiB need a form of ZIP that Excel repairs."""

_WHOLE_NUMBER = r"^(-?[1-9]\d{0,14}|0)$"
_BYTES_OF_A_CELL = 64  # of XML around a value
_ESCAPED = r"[&<>\x00-\x1f\x{FFFE}\x{FFFF}]|_x"
_BYTES_OF_AN_ESCAPE = 6
_WIDTHS = (9, 36)
_SAMPLE = 5_000

TEXT, NUMBER, SCORE, DATE, LONG_TEXT = "text", "number", "score", "date", "long text"


@dataclass
class ColumnPlan:
    """A column of a sheet: what its cells are, and how wide it is (in characters)."""

    name: str
    kind: str
    width: float = _WIDTHS[0]
    seen: bool = False  # whether it held anything so far
    timed: bool = False  # whether its dates have a time


@dataclass
class SheetPlan:
    """The columns of the comments sheet, as all rows show them.

    A column of an export is one of numbers when every cell that is not empty is a whole number as a number is written:
    identifiers that begin with zeros, and longer ones than a spreadsheet can hold, stay text.
    """

    schema: pa.Schema
    own_columns: int
    known: InputColumns
    month_first: bool = False
    columns: list[ColumnPlan] = field(init=False)
    rows: int = 0
    fitting: int = 0
    bytes: int = 0

    def __post_init__(self) -> None:
        self.columns = [ColumnPlan(f.name, self._kind(i, f)) for i, f in enumerate(self.schema)][:EXCEL_COLUMNS]

    def _kind(self, position: int, column: pa.Field) -> str:
        if position < self.own_columns:
            special = {self.known.text: LONG_TEXT, self.known.date: DATE, self.known.score: SCORE}
            return special.get(column.name, NUMBER)
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            return NUMBER
        return TEXT

    def add(self, table: pa.Table) -> None:
        """Take the rows of a table into account."""
        for plan, column in zip(self.columns[: self.own_columns], table.columns, strict=False):
            if plan.kind == NUMBER:
                self._check_numbers(plan, column)
            elif plan.kind == DATE and not plan.timed:
                plan.timed = bool(pc.any(pc.match_substring(column, ":")).as_py())
        if self.rows < _SAMPLE:
            self._widen(table)
        self.bytes += table.nbytes + self._escapes(table) + table.num_rows * table.num_columns * _BYTES_OF_A_CELL
        self.rows += table.num_rows
        if self.bytes < SHEET_BYTES:
            self.fitting = self.rows

    @staticmethod
    def _escapes(table: pa.Table) -> int:
        """Bytes that escaping adds, at most."""
        texts = (column for column in table.columns if pa.types.is_string(column.type))
        counts = (pc.sum(pc.count_substring_regex(column, _ESCAPED)).as_py() or 0 for column in texts)
        return _BYTES_OF_AN_ESCAPE * sum(counts)

    @staticmethod
    def _check_numbers(plan: ColumnPlan, column: pa.ChunkedArray) -> None:
        filled = column.filter(pc.not_equal(column, ""))
        if len(filled):
            plan.seen = True
            if not pc.all(pc.match_substring_regex(filled, _WHOLE_NUMBER)).as_py():
                plan.kind = TEXT

    def _widen(self, table: pa.Table) -> None:
        for plan, column in zip(self.columns, table.columns, strict=False):
            if pa.types.is_string(column.type):
                longest = pc.max(pc.utf8_length(column)).as_py() or 0
                plan.width = max(plan.width, min(_WIDTHS[1], longest + 2))

    @property
    def rows_shown(self) -> int:
        """How many rows the sheet has. When not all fit, a line that says so takes the place of one."""
        if self.fitting == self.rows <= EXCEL_ROWS - 1:
            return self.rows
        return min(self.fitting, EXCEL_ROWS - 2)
