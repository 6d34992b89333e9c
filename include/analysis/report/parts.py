"""What a page is made of. Everything is text to be shown, or a plot; the template knows how each looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from include.analysis.report.examples import Example

SHORT_NAME = 6
NO_PLOT = Markup("")


@dataclass(frozen=True)
class Table:
    """Numbers to be read; the first column names the rows."""

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    text_columns: Sequence[int] = (0,)  # which are set to the left
    aside: bool = False  # left out in print
    more: str = ""

    @property
    def look(self) -> str:
        """A class of the table: whether all of it is words."""
        return "words" if self.head and len(self.text_columns) == len(self.head) else ""


@dataclass(frozen=True)
class Row:
    """A row of a plot: its name, its bar, and the numbers beside it."""

    name: str
    plot: Markup
    cells: Sequence[str]
    strong: bool = False


@dataclass(frozen=True)
class Bars:
    """Horizontal bars under each other, which are a table at the same time."""

    kind: ClassVar[str] = "bars"
    caption: str
    head: Sequence[str]  # of the names and of the numbers
    rows: Sequence[Row]
    legend: Sequence[tuple[str, str]] = ()  # colour and name
    numbers: Table | None = None
    note: str = ""

    @property
    def look(self) -> str:
        """Classes of the table: how many numbers it has, and whether its names are short."""
        short = " short" if max(len(row.name) for row in self.rows) <= SHORT_NAME else ""
        return f"cells-{len(self.rows[0].cells)}{short}"


@dataclass(frozen=True)
class Chart:
    """A plot with an axis, a legend, and its numbers as a table."""

    kind: ClassVar[str] = "chart"
    caption: str
    plot: Markup
    numbers: Table
    axis: Markup = NO_PLOT
    legend: Sequence[tuple[str, str]] = ()
    note: str = ""


@dataclass(frozen=True)
class Notes:
    """Sentences."""

    kind: ClassVar[str] = "notes"
    texts: Sequence[str]


@dataclass(frozen=True)
class Points:
    """Sentences as a list, under a title."""

    kind: ClassVar[str] = "points"
    title: str
    texts: Sequence[str]


@dataclass(frozen=True)
class Fact:
    """A name and a value: as it is shown, and the number behind it where a sheet can use it."""

    name: str
    text: str
    number: float | None = None


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    kind: ClassVar[str] = "facts"
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Quotes:
    """Examples of one thing."""

    title: str
    colour: str
    examples: Sequence[Example]


@dataclass(frozen=True)
class QuoteList:
    """Examples of several things; `folded`: each is opened by hand."""

    kind: ClassVar[str] = "quotes"
    title: str
    groups: Sequence[Quotes]
    folded: bool = False


Part = Table | Bars | Chart | Notes | Points | Facts | QuoteList


@dataclass(frozen=True)
class Section:
    """A titled piece of the page; two `half` ones stand side by side where there is room."""

    id: str
    title: str
    parts: Sequence[Part]
    half: bool = False


@dataclass(frozen=True)
class Kpi:
    """A headline figure: as it is shown, and the number behind it (of what kind) where a sheet can use it."""

    name: str
    value: str
    note: str = ""
    colour: str = ""
    items: Sequence[tuple[str, str]] = ()
    number: float | None = None
    number_kind: str = ""


@dataclass(frozen=True)
class Banner:
    """What is missing, said before anything else."""

    title: str
    grave: bool
    lines: Sequence[str]
    details: Sequence[str] = field(default_factory=list)
