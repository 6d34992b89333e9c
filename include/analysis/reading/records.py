"""CSV records out of decoded text: what `csv.reader` gives, and what it does not tell.

That is the line that each record begins on, and whether a quote was opened by mistake. Such a quote swallows the lines
that follow it; here the line it stands on is read with the quote as a character, and the others are read normally.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from include.analysis.errors import CorruptInput

MAX_RECORD_LINES = 500
MAX_RECORD_CHARACTERS = 1_000_000
MAX_LINE_CHARACTERS = 16 * 1024 * 1024

# The limit is of the whole process and 128 KiB by default; what bounds a field here is MAX_LINE_CHARACTERS.
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE_CHARACTERS))

_END = "\0end of text\0"  # no text has it: NUL characters are removed before


@dataclass
class Records:
    """Records in order, the line that each begins on, and the positions of those with an unclosed quote.

    `rest` is the text of a record that text still to come may complete.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    unclosed: list[int] = field(default_factory=list)
    rest: str = ""


class RecordParser:
    """Parses text piece by piece; `width` is the number of cells a record should have, where it is known.

    `line` is the number of the line that the next piece begins on.
    """

    def __init__(self, delimiter: str, width: int | None = None, line: int = 1) -> None:
        self.delimiter = delimiter
        self.width = width
        self.line = line

    def parse(self, text: str, final: bool) -> Records:
        """The records of whole lines of text; an unfinished one is left as `rest` unless this is the `final` piece."""
        lines = list(io.StringIO(text, newline=""))
        found = Records()
        first = 0
        while first < len(lines) and not found.rest:
            first = self._parse_from(lines, first, final, found)
        self.line += first
        return found

    def _parse_from(self, lines: list[str], first: int, final: bool, found: Records) -> int:
        """Add the records from line `first` on, up to and with the first that has an unclosed quote.

        Returns the position of the line after the last record that was added.
        """
        begin, total = first, len(lines)
        add_row, add_line = found.rows.append, found.lines.append
        source = chain(map(lines.__getitem__, range(begin, total)), (_END,))
        reader = csv.reader(source, delimiter=self.delimiter)
        for row in reader:
            after = begin + reader.line_num
            if after - first > 1:
                span = lines[first:after]
                is_open = after > total  # it took _END for a part of a quoted cell
                if is_open and not final and not _too_long(span):
                    found.rest = "".join(span)
                    return first
                if is_open or _too_long(span) or self._swallowed_rows(span):
                    found.unclosed.append(len(found.rows))
                    add_row(self._literal(lines[first]))
                    add_line(self.line + first)
                    return first + 1
            add_row(row)
            add_line(self.line + first)
            first = after
        found.rows.pop()  # _END
        found.lines.pop()
        return total

    def _swallowed_rows(self, span: Sequence[str]) -> bool:
        """Whether a record of several lines is several records that a stray quote has joined.

        It is when text follows its closing quote, which no CSV writer does, and each of its lines alone has the cells
        of a record (the first one at least that many, for its comment may hold delimiters).
        """
        if self.width is None or self.width < 2:
            return False
        if any(line.count(self.delimiter) < self.width - 1 for line in span):
            return False
        if any(len(self._cells([line])) != self.width for line in span[1:]):
            return False
        try:
            list(csv.reader(span, delimiter=self.delimiter, strict=True))
        except csv.Error:
            return True
        return False

    def _cells(self, lines: Iterable[str]) -> list[str]:
        return next(csv.reader(lines, delimiter=self.delimiter))

    def _literal(self, line: str) -> list[str]:
        """The cells of a line on which a quote stays open: from that quote on, quotes are characters."""
        cells = self._cells([line])
        opened = '"' + cells[-1].replace('"', '""')
        if not line.endswith(opened):
            cells, opened = [""], line
        return cells[:-1] + next(csv.reader([opened], delimiter=self.delimiter, quoting=csv.QUOTE_NONE))


def _too_long(span: Sequence[str]) -> bool:
    return len(span) > MAX_RECORD_LINES or sum(map(len, span)) > MAX_RECORD_CHARACTERS


class RecordReader:
    """The records of a text that comes in pieces cut anywhere; memory is bounded by a piece and the longest record.

    `what` names the text in errors.
    """

    def __init__(self, parser: RecordParser, what: str) -> None:
        self.parser = parser
        self.what = what
        self._rest = ""
        self._waiting: list[str] = []
        self._size = self._needed = 0

    def read(self, text: str) -> Records:
        """The records that a piece of text completes.

        Raises:
            CorruptInput: a line is longer than any text (16 Mi characters).
        """
        self._waiting.append(text)
        self._size += len(text)
        if self._size < self._needed:
            return Records()
        joined = "".join(self._waiting)
        cut = end_of_lines(joined)
        if not cut:
            _refuse_endless_line(self.what, self._size, self.parser.line)
            self._waiting, self._needed = [joined], 2 * self._size
            return Records()
        found = self.parser.parse(self._rest + joined[:cut], final=False)
        self._rest = found.rest
        self._waiting = [joined[cut:]]
        self._size, self._needed = len(joined) - cut, len(found.rest)  # parse again only when there is as much news
        return found

    def finish(self) -> Records:
        """The records of the text that was left."""
        return self.parser.parse(self.take(), final=True)

    @property
    def left(self) -> int:
        """How many characters of text are part of a record that is not complete."""
        return len(self._rest) + self._size

    def take(self) -> str:
        """The text that is left, for another to read."""
        text = self._rest + "".join(self._waiting)
        self._rest, self._waiting, self._size, self._needed = "", [], 0, 0
        return text


def end_of_lines(text: str) -> int:
    """The length of the whole lines that text begins with; a final "\\r" may be half of a line end."""
    return text.rfind("\n") + 1 or text.rfind("\r", 0, max(len(text) - 1, 0)) + 1


def after(texts: Iterable[str], skipped: int) -> Iterator[str]:
    """Texts without so many characters at the start."""
    for text in texts:
        if skipped:
            kept = text[skipped:]
            skipped -= len(text) - len(kept)
            yield kept
        else:
            yield text


def _refuse_endless_line(what: str, size: int, line: int) -> None:
    if size > MAX_LINE_CHARACTERS:
        raise CorruptInput(
            f"{what}: line {line:,} is longer than {MAX_LINE_CHARACTERS:,} characters: this is not a table of comments"
        )
