"""The rows of the table: a value, what it should be, and what it was measured beside."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

HEADINGS = ("", "what", "value", "target", "measured", "reference")
MOST_FIGURES = 3  # in a cell; the JSON has all
FORMATS = {
    "x": "{:,.2f} x",
    "%": "{:,.1f} %",
    "s": "{:,.2f} s",
    "MB": "{:,.0f} MB",
    "rows/s": "{:,.0f} rows/s",
    "texts/s": "{:,.0f} texts/s",
    "modules": "{:.0f} modules",
}


@dataclass(frozen=True)
class Figure:
    """A number with its unit, and what it is of."""

    value: float
    unit: str
    of: str = ""

    def __str__(self) -> str:
        return f"{self.of} {FORMATS[self.unit].format(self.value)}".strip()


@dataclass(frozen=True)
class Target:
    """What a value should be at most, or `at_least`."""

    value: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        return value >= self.value if self.at_least else value <= self.value


@dataclass(frozen=True)
class Row:
    """One line of the table. Without a target it tells what there is to know beside the others."""

    group: str
    what: str
    value: Figure
    target: Target | None = None
    measured: tuple[Figure, ...] = ()
    reference: tuple[Figure, ...] = ()
    runs: int = 1

    @property
    def met(self) -> bool | None:
        return self.target.met(self.value.value) if self.target else None

    def cells(self) -> tuple[str, ...]:
        verdict = {True: "ok", False: "MISSED", None: ""}[self.met]
        shown = [", ".join(map(str, figures[:MOST_FIGURES])) for figures in (self.measured, self.reference)]
        return verdict, self.what, str(self.value), self._bound(), *shown

    def _bound(self) -> str:
        if self.target is None:
            return ""
        sign = ">=" if self.target.at_least else "<="
        return f"{sign} {Figure(self.target.value, self.value.unit)}"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def ratio(measured: Sequence[float], reference: Sequence[float]) -> float:
    """The median of the ratios of what was measured in the same turn."""
    return statistics.median(one / other for one, other in zip(measured, reference, strict=True))


def table(rows: Iterable[Row]) -> str:
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
