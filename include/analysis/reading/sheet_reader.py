"""Asks the process that reads a workbook (see `include.analysis.sheets.process`); whatever ends it is an error here."""

from __future__ import annotations

import contextlib
import fcntl
import json
import select
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from include.analysis.errors import CorruptInput, UnsupportedInput
from include.analysis.sheets.process import ANSWER, DAMAGED, END, ERROR, MEMORY, MESSAGE, PASSWORD, ROWS, SYSTEM

_PROJECT = str(Path(__file__).parents[3])
_PROGRAM = "import sys; sys.path[:] = sys.argv[4:]; from include.analysis.sheets.process import main; main()"
_GIB = {"xls": 2, "xlsx": 4}  # of memory; a full .xls sheet takes a fifth of it, MAX_SHEET_CELLS nearly all
_SECONDS = 120  # to open it and lay out its sheets, and then for each group of rows
_ENDING_SECONDS = 10
_PIPE_BYTES = 1024 * 1024
_OFFSET_BYTES = 4
_LONGEST = 2**31 - 1


class ReadingStopped(RuntimeError):
    """A workbook that can be read was not read to its end, for a reason that lies outside of it."""


@dataclass(frozen=True)
class Top:
    """The start of a sheet: its first rows that are not blank, their numbers from 1, and the number of its last row."""

    height: int
    rows: list[list[str]]
    numbers: list[int]


@dataclass(frozen=True)
class Group:
    """Rows that are not blank, as columns, and the number of blank rows that were met since those of the last group."""

    blank: int
    columns: list[pa.StringArray]


class SheetReader:
    """A workbook opened in a process of its own, which ends with `close`, with this object or with this process.

    Everything raises CorruptInput, and UnsupportedInput where the workbook takes too much memory. Reading the rows
    raises ReadingStopped when the process was ended from outside.
    """

    def __init__(self, path: Path, format_: str) -> None:
        self._path = path
        self._format = format_
        self._process = _start(path, _GIB[format_])
        self.close = weakref.finalize(self, _end, self._process)
        assert self._process.stdout is not None
        self._readable = select.poll()
        self._readable.register(self._process.stdout, select.POLLIN)
        self._until = time.monotonic() + _SECONDS
        self._opened = False
        try:
            self.sheets: list[str] = self._answer()
        except BaseException:
            self.close()
            raise

    def top(self, sheet: str, rows: int) -> Top:
        """Lay out a sheet, in the place of the one before, and look at its start."""
        self._ask({"sheet": sheet, "rows": rows})
        return Top(*self._answer())

    def choose(self, skipped: int) -> float:
        """Stay with the sheet looked at last, its rows of data below so many others; gives their average size."""
        self._ask(skipped)
        size, count = self._answer()
        self._opened = True
        return float(max(size / max(count, 1), 1.0))

    def groups(self) -> Iterator[Group]:
        """All rows of data of the sheet that was chosen; once only."""
        self._ask(None)
        while True:
            self._until = time.monotonic() + _SECONDS
            kind, told = self._message(ROWS, END)
            if kind == END:
                return
            yield self._group(*told)

    def _ask(self, what: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its answer says why
            self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def _answer(self) -> Any:
        return self._message(ANSWER)[1]

    def _message(self, *kinds: bytes) -> tuple[bytes, Any]:
        kind, length = MESSAGE.unpack(self._read(MESSAGE.size))
        if kind not in {*kinds, ERROR}:
            raise damaged(self._path, "it was not read as it should be")
        told = json.loads(self._read(length).to_pybytes())
        if kind == ERROR:
            raise self._error(*told)
        return kind, told

    def _group(self, rows: int, blank: int, sizes: list[int]) -> Group:
        offset_bytes = _OFFSET_BYTES * (rows + 1)
        content = self._read(offset_bytes * len(sizes) + sum(sizes))
        start = offset_bytes * len(sizes)
        columns = []
        for number, size in enumerate(sizes):
            offsets = content.slice(number * offset_bytes, offset_bytes)
            try:
                column = pa.StringArray.from_buffers(rows, offsets, content.slice(start, size))
                column.validate(full=True)
            except pa.ArrowInvalid as error:
                raise damaged(self._path, error) from None
            columns.append(column)
            start += size
        return Group(blank, columns)

    def _read(self, size: int) -> pa.Buffer:
        if not 0 <= size <= _LONGEST:
            raise damaged(self._path, f"{size} bytes at once")
        buffer = pa.allocate_buffer(size)
        free = memoryview(cast(Any, buffer))
        while free:
            if not self._readable.poll(max(self._until - time.monotonic(), 0) * 1000):
                raise damaged(self._path, f"not read in {_SECONDS} seconds")
            got = cast(Any, self._process.stdout).readinto(free)
            if not got:
                raise self._ended()
            free = free[got:]
        return buffer

    def _ended(self) -> Exception:
        try:
            status = self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            return damaged(self._path, "its reading stopped before its end")
        if status >= 0:
            return damaged(self._path, "its reading ended before its end")
        if self._opened and -status in {signal.SIGKILL, signal.SIGTERM}:  # the workbook itself can be read
            return ReadingStopped(f"the process that reads {self._path} was ended, as when memory runs out; try again")
        if self._format == "xls":
            return damaged(self._path, "its tables declare impossible sizes")
        return self._takes_too_much()

    def _takes_too_much(self) -> UnsupportedInput:
        return UnsupportedInput(
            f"{self._path} takes more than {_GIB[self._format]} GiB of memory to read, as when a cell lies far from "
            "the table or the file is damaged: copy the table into a new workbook, or save it as CSV"
        )

    def _error(self, what: str, *told: Any) -> Exception:
        if what == PASSWORD:
            return CorruptInput(f"{self._path} is protected with a password; save it without the password")
        if what == MEMORY:
            return self._takes_too_much()
        if what == SYSTEM:
            return OSError(*told)
        assert what == DAMAGED
        return damaged(self._path, *told)


def damaged(path: Path, reason: object) -> CorruptInput:
    """The error for a workbook that cannot be read."""
    said = " ".join(str(reason).split())[:200]
    return CorruptInput(f"{path} is a damaged workbook ({said}); open it in Excel and save it again")


def _start(path: Path, gib: int) -> subprocess.Popen[bytes]:
    """Python without its site packages' start-up files, but with all that can be imported here."""
    folders = [_PROJECT, *filter(None, sys.path)]
    process = subprocess.Popen(
        [sys.executable, "-S", "-P", "-c", _PROGRAM, str(path), str(gib * 1024**3), str(_SECONDS), *folders],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if hasattr(fcntl, "F_SETPIPE_SZ") and process.stdout is not None:
        with contextlib.suppress(OSError):  # there are limits for each user
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()
