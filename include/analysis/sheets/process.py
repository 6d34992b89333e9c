"""The process that reads a workbook (see `include.analysis.reading.sheet_reader`, which starts it and asks).

The library allocates what a workbook declares, and ends the process where that fails: so it runs in one of its own,
with a limit to its memory. Questions are lines of JSON on standard input, answers are messages on standard output: a
letter, the length, JSON. Rows follow their message as the offsets and then the bytes of each column, as Arrow has them.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, islice
from queue import Queue
from threading import Thread
from typing import Any, TypeAlias

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from include.analysis.sheets.cells import cell_texts

MESSAGE = struct.Struct("<cI")
ANSWER, ROWS, END, ERROR = b"A", b"R", b"E", b"X"
PASSWORD, MEMORY, SYSTEM, DAMAGED = "password", "memory", "system", "damaged"

_SAMPLE_ROWS = 1000
_FIRST_ROWS = 64
_GROUP_ROWS = 2048
_GROUP_CELLS = 262_144
_GROUP_BYTES = 4 * 1024 * 1024
_GROUPS_AHEAD = 16
_WORKING_BYTES = 1024**3  # for what becomes of a sheet that took all the memory of its reading
_GRACE_SECONDS = 10  # the one who asks has given up by then, if it is still there

_Message: TypeAlias = tuple[Any, ...]  # what `_tell` takes


def main() -> None:
    """Read the workbook that the arguments name, as long as anyone asks."""
    path, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds + _GRACE_SECONDS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_memory(memory)
    try:
        sheet, skipped = _find_table(path)
        signal.alarm(0)
        _limit_memory(memory + _WORKING_BYTES)
        _tell(ANSWER, _sample(sheet, skipped))
        if sys.stdin.buffer.readline():
            _stream(sheet, skipped)
    except BaseException as error:  # a panic of the library is not an Exception
        _tell(ERROR, _told(error))
    os._exit(0)  # to free a million rows takes a while


def _limit_memory(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    with suppress(ValueError):  # not every system has such limits
        resource.setrlimit(resource.RLIMIT_AS, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def _tell(kind: bytes, what: object, *buffers: bytes | array[int]) -> None:
    content = json.dumps(what).encode()
    for piece in (MESSAGE.pack(kind, len(content)), content, *buffers):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _told(error: BaseException) -> list[Any]:
    if isinstance(error, PasswordError):
        return [PASSWORD]
    if isinstance(error, MemoryError):
        return [MEMORY]
    if isinstance(error, OSError):
        return [SYSTEM, *map(str, error.args)] if error.errno is None else [SYSTEM, error.errno, str(error.strerror)]
    return [DAMAGED, str(error) or type(error).__name__]


def _find_table(path: str) -> tuple[CalamineSheet, int]:
    """The sheet that was looked at last, when a number comes: that of the rows above its first row of data."""
    with CalamineWorkbook.from_path(path) as workbook:
        _tell(ANSWER, _worksheets(workbook))
        sheet: CalamineSheet | None = None
        for line in sys.stdin.buffer:
            asked = json.loads(line)
            if sheet is not None and isinstance(asked, int):
                return sheet, asked
            sheet = None
            sheet = workbook.get_sheet_by_name(asked["sheet"])
            _tell(ANSWER, [sheet.end[0] + 1 if sheet.end else 0, *_top(sheet, asked["rows"])])
    os._exit(0)


def _worksheets(workbook: CalamineWorkbook) -> list[str]:
    """The names of the sheets that hold cells, visible ones first."""
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    return [sheet.name for sheet in sorted(sheets, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)]


def _top(sheet: CalamineSheet, most: int) -> tuple[list[list[str]], list[int]]:
    """The first rows that are not blank, and their numbers from 1."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, cells in enumerate(sheet.iter_rows() if most else (), start=1):
        texts = cell_texts(cells)
        if any(texts):
            rows.append(texts)
            numbers.append(number)
            if len(rows) == most:
                break
    return rows, numbers


def _sample(sheet: CalamineSheet, skipped: int) -> list[int]:
    """The bytes of the first rows of data, and how many rows these are."""
    size = count = 0
    for row in islice(sheet.iter_rows(), skipped, skipped + _SAMPLE_ROWS):
        size += sum(len(cell.encode()) + 1 for cell in cell_texts(row))
        count += 1
    return [size, count]


def _stream(sheet: CalamineSheet, skipped: int) -> None:
    """Tell the rows of data, some groups ahead of the one who takes them."""
    ahead: Queue[_Message | None] = Queue(_GROUPS_AHEAD)
    teller = Thread(target=_tell_all, args=(ahead,), daemon=True)
    teller.start()
    try:
        for message in _groups(sheet, skipped):
            ahead.put(message)
    finally:
        ahead.put(None)
        teller.join()
    _tell(END, None)


def _tell_all(messages: Queue[_Message | None]) -> None:
    while (message := messages.get()) is not None:
        _tell(*message)


def _groups(sheet: CalamineSheet, skipped: int) -> Iterator[_Message]:
    """The rows that are not blank, in groups, each with the number of blank rows met between those so far."""
    rows = islice(sheet.iter_rows(), skipped, None)
    most = max(1, min(_GROUP_ROWS, _GROUP_CELLS // max(sheet.width, 1)))
    count = min(most, _FIRST_ROWS)
    blank = 0
    while cells := list(islice(rows, count)):
        filled, before, blank = _without_blank(cells, blank)
        if filled:
            columns = [_column(column) for column in zip(*filled, strict=True)]
            sizes = [len(content) for _, content in columns]
            told = [len(filled), before, sizes]
            yield ROWS, told, *(offsets for offsets, _ in columns), *(content for _, content in columns)
            count = max(count // 2, 1) if sum(sizes) > _GROUP_BYTES else min(count * 2, most)


def _without_blank(rows: list[list[Any]], blank: int) -> tuple[list[list[Any]], int, int]:
    """The other rows, the number of blank ones before the last of these, and of those behind it."""
    nothing = [""] * len(rows[0])
    if nothing not in rows:
        return rows, blank, 0
    filled: list[list[Any]] = []
    before = 0
    for row in rows:
        if row == nothing:
            blank += 1
        else:
            before += blank
            blank = 0
            filled.append(row)
    return filled, before, blank


def _column(cells: Sequence[Any]) -> tuple[array[int], bytes]:
    texts = cells if set(map(type, cells)) == {str} else cell_texts(cells)
    joined = "".join(texts)
    content = joined.encode()
    sizes: Iterator[int] = map(len, texts if len(content) == len(joined) else map(str.encode, texts))
    return array("i", accumulate(sizes, initial=0)), content
