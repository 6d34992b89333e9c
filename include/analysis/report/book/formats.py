"""The formats of the workbook's cells."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.analysis.report.book import sheet_plan
from include.analysis.report.book.tables import DAY, MEAN, MONTH, SHARE, WHOLE, WORDS, WRAPPED, YEAR
from include.analysis.report.language import Language

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

FACT = "fact"
INK, SOFT, GRAVE, LINE, HEAD = "#1C2127", "#57606A", "#B3261E", "#D9DDE2", "#2F5F8F"

ALIGNED: dict[str, dict[str, Any]] = {
    WORDS: {"align": "left", "indent": 1},
    FACT: {"align": "left", "indent": 1},
    WRAPPED: {"text_wrap": True},
}


class Formats:
    """Makes each format once."""

    def __init__(self, book: Workbook, t: Language) -> None:
        self.book = book
        self.t = t
        self.made: dict[str, Format] = {}

    def _add(self, **properties: Any) -> Format:
        return self.book.add_format({"font_name": "Calibri", "font_size": 11, "font_color": INK, **properties})

    def of(self, kind: str) -> Format:
        """The format of a value of a kind."""
        if kind not in self.made:
            self.made[kind] = self._add(valign="top", **ALIGNED.get(kind, {}), **self.number_format(kind))
        return self.made[kind]

    def words(self, column: int) -> Format:
        """The format of a text: with some room before it, which may follow a number."""
        return self.of("first words" if column == 0 else WORDS)

    def value_of(self, kind: str) -> Format:
        """The format of a headline figure."""
        key = f"value {kind}"
        if key not in self.made:
            self.made[key] = self._add(bold=True, align="left", font_size=12, **self.number_format(kind))
        return self.made[key]

    def number_format(self, kind: str) -> dict[str, str]:
        formats = {
            WHOLE: "#,##0",
            FACT: "#,##0",
            SHARE: "0.0%",
            MEAN: "#,##0.00",
            DAY: self.t("workbook.date_format"),
            MONTH: "mmm yyyy",
            YEAR: "yyyy",
            "moment": self.t("workbook.moment_format"),
            "signed": "+0;-0;0",
            "plain": "0",
            "score": "0.0##",
        }
        return {"num_format": formats[kind]} if kind in formats else {}

    def of_column(self, position: int, plan: sheet_plan.SheetPlan) -> Format:
        """The format of a column of the comments sheet; identifiers have no separators."""
        kind = plan.columns[position].kind
        if kind == sheet_plan.DATE:
            return self.of("moment" if plan.columns[position].timed else DAY)
        if kind == sheet_plan.SCORE:
            return self.of("General")
        if kind == sheet_plan.NUMBER:
            return self.of(MEAN if pa.types.is_floating(plan.schema.field(position).type) else "plain")
        return self.words(position)

    @cached_property
    def head(self) -> Format:
        return self._add(**self._head, align="right")

    @cached_property
    def head_left(self) -> Format:
        return self._add(**self._head, align="left")

    _head: dict[str, Any] = {  # noqa: RUF012
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": HEAD,
        "text_wrap": True,
        "valign": "vcenter",
    }

    @cached_property
    def heading(self) -> Format:
        return self._add(bold=True, font_size=18)

    @cached_property
    def title(self) -> Format:
        return self._add(bold=True, font_size=13)

    @cached_property
    def name(self) -> Format:
        return self._add(font_color=SOFT, valign="top")

    @cached_property
    def value(self) -> Format:
        return self._add(bold=True, font_size=12)

    @cached_property
    def wrapped(self) -> Format:
        return self._add(text_wrap=True, valign="top")

    @cached_property
    def note(self) -> Format:
        return self._add(font_color=SOFT, italic=True, text_wrap=True, valign="top")

    @cached_property
    def grave(self) -> Format:
        return self._add(font_color=GRAVE, bold=True)
