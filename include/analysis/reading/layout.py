"""How a sample of a text file is laid out: its delimiter, its header, and where its rows begin."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from include.analysis.errors import CorruptInput
from include.analysis.reading.header import (
    HEADER_ROWS,
    Header,
    find_header,
    is_ambiguous,
    refuse_too_many_columns,
    text_column_not_found,
)
from include.analysis.reading.records import RecordParser, Records, end_of_lines
from include.analysis.reading.source import no_rows

_COMPARED_CHARACTERS = 128 * 1024  # delimiters are compared on this much of the text
_PARSED_CHARACTERS = 512 * 1024  # and rows are measured on this much, unless the text is the whole file


@dataclass(frozen=True)
class Layout:
    """How a text reads with one delimiter."""

    text: str
    delimiter: str
    records: Records
    header: Header | None
    filled: tuple[int, ...]  # positions of the records that are not blank

    @property
    def top(self) -> list[list[str]]:
        """The rows among which the header is looked for."""
        return [self.records.rows[position] for position in self.filled[:HEADER_ROWS]]

    @property
    def header_record(self) -> int:
        assert self.header is not None
        return self.filled[self.header.position]

    @property
    def data_rows(self) -> int:
        """Rows below the header."""
        return len(self.filled) - self.header.position - 1 if self.header else 0

    def merit(self) -> tuple[int, bool, float, int]:
        """How much speaks for this delimiter: the text column it exposes, then how even the rows are."""
        widths = [len(self.records.rows[position]) for position in self.filled]
        if self.header is None:
            width = Counter(widths).most_common(1)[0][0] if widths else 0
            rank = 1 if is_ambiguous(self.top) else 0  # two columns are not one whose name has both in it
        else:
            width, rank = len(self.header.cells), 2 if self.header.exact else 1
            widths = widths[self.header.position + 1 :]
        even = widths.count(width) / len(widths) if widths else 1.0
        return rank, width > 1 and even >= 0.5, even, width


def _lay_out(text: str, final: bool, delimiter: str, wanted: str | None) -> Layout:
    records = RecordParser(delimiter).parse(text, final)
    filled = tuple(position for position, row in enumerate(records.rows) if row)
    top = [records.rows[position] for position in filled[:HEADER_ROWS]]
    return Layout(text, delimiter, records, find_header(top, wanted), filled)


def choose_layout(what: str, text: str, whole: bool, delimiters: Sequence[str], wanted: str | None) -> Layout:
    """The best reading of a text (`whole`: it is the whole file, not its start) with one of the delimiters.

    Raises:
        TextColumnNotFound, UnsupportedInput (too many columns), CorruptInput, NoRows
    """
    start = _whole_lines(text, _COMPARED_CHARACTERS)
    candidates = [_lay_out(start, whole and start == text, delimiter, wanted) for delimiter in delimiters]
    layout = max(candidates, key=Layout.merit)
    longer = text if whole else _whole_lines(text, _PARSED_CHARACTERS if layout.data_rows else len(text))
    if longer != start:
        layout = _lay_out(longer, whole, layout.delimiter, wanted)
    top = layout.top
    refuse_too_many_columns(what, len(layout.header.cells if layout.header else top[0] if top else ()))
    if layout.header is not None:
        return layout
    if not whole and not end_of_lines(text):
        raise CorruptInput(f"{what}: line 1 is longer than {len(text):,} characters: this is not a table of comments")
    if whole and not top:
        raise no_rows(what)
    raise text_column_not_found(what, top, wanted)


def _whole_lines(text: str, most: int) -> str:
    """The whole lines in so many characters at the start of a text; failing that in all of it; failing that, it."""
    return text[: end_of_lines(text[:most]) or end_of_lines(text)] or text


@dataclass(frozen=True)
class Preamble:
    """What stands before the first row of data: so many characters, in so many lines."""

    characters: int
    lines: int


def preamble_of(layout: Layout) -> Preamble:
    """What stands before the row that follows the header."""
    following = layout.header_record + 1
    if following < len(layout.records.lines):
        line = layout.records.lines[following]
        return Preamble(_offset_of_line(layout.text, line), line - 1)
    consumed = len(layout.text) - len(layout.records.rest)
    return Preamble(consumed, sum(1 for _ in _lines(layout.text[:consumed])))


def _lines(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))


def _offset_of_line(text: str, line: int) -> int:
    return sum(len(content) for content, _ in zip(_lines(text), range(line - 1), strict=False))


def row_bytes(layout: Layout, preamble: Preamble, encoding: str) -> float:
    """The average size of a row of the text, in an encoding."""
    unread = len(layout.records.rest) if layout.data_rows else 0
    data = layout.text[preamble.characters : len(layout.text) - unread]
    return max(len(data.encode(encoding, "replace")) / max(layout.data_rows, 1), 1.0)
