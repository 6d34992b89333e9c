"""Plain records of CSV, read a column at a time.

A record is plain when it has the cells that it should have, no quotes but those around a cell and doubled within it,
and ends in "\\n" or "\\r\\n". It reads the same in every way; what is not plain is for `records`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.reading.records import (
    MAX_RECORD_CHARACTERS,
    MAX_RECORD_LINES,
    RecordReader,
    Records,
    after,
)
from include.analysis.reading.stored import BLOCK_BYTES

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.intp]

_TEXTS_AT_ONCE = 8  # with fewer it takes longer to begin than to read

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'


@dataclass(frozen=True)
class PlainRecords:
    """So many plain records: their columns, and the lines and characters that they take."""

    columns: list[pa.StringArray]
    rows: int
    lines: int
    characters: int


def read_records(texts: Iterator[str], reader: RecordReader, width: int) -> Iterator[PlainRecords | Records]:
    """The records of texts of one block each: as many at once as are plain, and by the reader those that follow.

    A record that is longer than a block is left to the reader until it is complete.
    """
    while group := list(islice(texts, _TEXTS_AT_ONCE)):
        if reader.left <= BLOCK_BYTES:
            group[0] = reader.take() + group[0]
            plain = plain_records("".join(group), reader.parser.delimiter, width)
            if plain is not None:
                yield plain
                reader.parser.line += plain.lines
                group = list(after(group, plain.characters))
        yield from map(reader.read, group)
    yield reader.finish()


def plain_records(text: str, delimiter: str, width: int) -> PlainRecords | None:
    """The records of `width` cells that a text begins with, up to the first that is not plain; None without any.

    The text begins where a record does; it may end anywhere.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return None
    lines = np.frombuffer(content, np.uint8, content.rfind(b"\n") + 1)
    if not lines.size or not delimiter.isascii():
        return None
    marks = _find_marks(lines, ord(delimiter))
    rows = _count_plain(lines, marks, width)
    if not rows:
        return None
    after = int(marks.bounds[rows * width - 1]) + 1
    columns = _columns(content, lines, marks, rows, width)
    return PlainRecords(columns, rows, int(marks.lines[rows - 1]), len(text) - len(content[after:].decode()))


@dataclass(frozen=True)
class _Marks:
    """Where cells end in whole lines.

    `bounds` are the places of the delimiters and line ends that are not in quotes, `records` the positions among them
    of the line ends, and `lines` the numbers of the lines that these end. `doubled` are the places of quotes that
    another precedes in a quoted cell, `stray` is the first place where there is more to it than that.
    """

    bounds: _Places
    records: _Places
    lines: _Places
    doubled: _Places
    stray: int


def _find_marks(lines: _Bytes, delimiter: int) -> _Marks:
    places = np.flatnonzero((lines == _QUOTE) | (lines == delimiter) | (lines == _NEWLINE))
    found = lines[places]
    quote, newline = found == _QUOTE, found == _NEWLINE
    odd = np.bitwise_xor.accumulate(quote.view(np.uint8)).view(np.bool_)
    outside = ~(odd | quote)
    quotes, opening = places[quote], odd[quote]
    before, after = lines[quotes - 1], lines[quotes + 1]  # the last byte, a line end, stands before the first, too
    doubled = opening & (before == _QUOTE)
    opens = opening & ((before == delimiter) | (before == _NEWLINE))
    closes = ~opening & ((after == delimiter) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE))
    stray = [*quotes[~(doubled | opens | closes)][:1], *_lone_returns(lines)[:1], lines.size]
    return _Marks(
        bounds=places[outside],
        records=np.flatnonzero(newline[outside]),
        lines=np.flatnonzero(outside[newline]) + 1,
        doubled=quotes[doubled],
        stray=int(min(stray)),
    )


def _lone_returns(lines: _Bytes) -> _Places:
    returns: _Places = np.flatnonzero(lines == _RETURN)
    lone: _Places = returns[lines[returns + 1] != _NEWLINE]
    return lone


def _count_plain(lines: _Bytes, marks: _Marks, width: int) -> int:
    """The number of records before the first that is not plain, is blank, or is too long to be told here."""
    ends = marks.bounds[marks.records]
    starts = np.concatenate(([0], ends + 1))[:-1]
    even = marks.records == np.arange(1, len(ends) + 1) * width - 1
    blank = (lines[starts] == _NEWLINE) | (lines[starts] == _RETURN)
    long = (ends - starts >= MAX_RECORD_CHARACTERS) | (np.diff(marks.lines, prepend=0) > MAX_RECORD_LINES)
    other = np.flatnonzero(~even | blank | long)
    before_stray = int(np.searchsorted(ends, marks.stray))
    return min(int(other[0]), before_stray) if other.size else before_stray


def _columns(content: bytes, lines: _Bytes, marks: _Marks, rows: int, width: int) -> list[pa.StringArray]:
    bounds = marks.bounds[: rows * width]
    starts = np.concatenate(([0], bounds + 1))[:-1].reshape(rows, width)
    ends = bounds.copy().reshape(rows, width)
    ends[:, -1] -= lines[ends[:, -1] - 1] == _RETURN
    quoted = lines[starts] == _QUOTE
    offsets = np.stack((starts + quoted, ends - quoted), axis=2).transpose(1, 0, 2).astype(np.int32)
    buffer, cells = pa.py_buffer(content), pa.array(np.arange(0, 2 * rows, 2))
    columns = []
    for column in offsets:
        pieces = pa.StringArray.from_buffers(2 * rows - 1, pa.py_buffer(column.ravel()), buffer)
        columns.append(pieces.take(cells))  # every other piece is what stands between two cells
    for position in np.unique(np.searchsorted(bounds, marks.doubled) % width).tolist():
        columns[position] = pc.replace_substring(columns[position], '""', '"')
    return columns
