"""Rows of integers, dealt out to buckets on disk, so that more can be grouped than fits in memory."""

from __future__ import annotations

import mmap
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from include.analysis.arrays import Integers

ROWS_PER_WINDOW = 1 << 20
ROWS_REMEMBERED = 1 << 17


class Spill:
    """Buckets of rows of `width` integers; what is added to a bucket is read back in the order it was added."""

    def __init__(self, folder: Path, width: int) -> None:
        self.folder = folder
        self.width = width
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, rows: Integers, buckets: Integers) -> None:
        """Append each row to its bucket."""
        order = np.argsort(buckets, kind="stable")
        numbers, starts = np.unique(buckets[order], return_index=True)
        stops = [*starts[1:].tolist(), len(rows)]
        for number, start, stop in zip(numbers.tolist(), starts.tolist(), stops[: len(numbers)], strict=True):
            with self._file(number).open("ab") as file:
                file.write(rows[order[start:stop]].tobytes())

    def read(self, bucket: int) -> Integers:
        """All rows of a bucket; the bucket is emptied."""
        path = self._file(bucket)
        if not path.exists():
            return np.empty((0, self.width), np.int64)
        rows = np.fromfile(path, np.int64).reshape(-1, self.width)
        path.unlink()
        return rows

    def _file(self, bucket: int) -> Path:
        return self.folder / f"{bucket:06d}.bin"


class MappedRows:
    """Rows of numbers in a file: added one after another, then read at any places.

    What is read of `rows` stays in the memory of the process until `forget` is called, or `at`.
    """

    def __init__(self, path: Path, kind: npt.DTypeLike, width: int) -> None:
        self._path, self._kind, self._width = path, np.dtype(kind), width
        self._count = 0
        self._rows: npt.NDArray[Any] | None = None
        path.write_bytes(b"")

    def __len__(self) -> int:
        return self._count

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Append rows."""
        with self._path.open("ab") as file:
            file.write(np.ascontiguousarray(rows, self._kind).data)
        self._count += len(rows)
        self._rows = None

    @property
    def rows(self) -> npt.NDArray[Any]:
        """All rows, mapped."""
        if self._rows is None:
            shape = (self._count, self._width)
            self._rows = np.memmap(self._path, self._kind, "r", shape=shape) if self._count else np.empty(shape)
        return self._rows

    def at(self, places: Integers, column: int | slice = slice(None)) -> npt.NDArray[Any]:
        """The rows at ascending places, or a column of them; little of the file is in memory at once."""
        windows = np.searchsorted(places, np.arange(0, self._count, ROWS_REMEMBERED)).tolist()
        found = [self.rows[:0, column]]
        for start, stop in pairwise([*windows, len(places)]):
            found.append(self.rows[places[start:stop], column])
            self.forget()
        return np.concatenate(found)

    def forget(self) -> None:
        """Give the memory of what was read back to the system; it is read again where it is needed."""
        mapping = getattr(self._rows, "base", None)
        if isinstance(mapping, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            mapping.madvise(mmap.MADV_DONTNEED)


class RowValues:
    """A number for some of the rows, on disk in windows of rows, to be asked for in row order."""

    def __init__(self, folder: Path) -> None:
        self._spill = Spill(folder, 2)
        self._window: tuple[int, Integers] | None = None

    def add(self, rows: Integers, values: Integers) -> None:
        """Keep the value of each row; no row has two."""
        self._spill.add(np.column_stack((rows, values)), rows // ROWS_PER_WINDOW)

    def of(self, rows: Integers) -> Integers:
        """The values of ascending rows, 0 where there is none; what lies before their window is gone afterwards."""
        values = np.zeros(len(rows), np.int64)
        numbers = rows // ROWS_PER_WINDOW
        for number in np.unique(numbers).tolist():
            inside = numbers == number
            values[inside] = self._in_window(number)[rows[inside] % ROWS_PER_WINDOW]
        return values

    def _in_window(self, number: int) -> Integers:
        if self._window is None or self._window[0] != number:
            values = np.zeros(ROWS_PER_WINDOW, np.int64)
            pairs = self._spill.read(number)
            values[pairs[:, 0] % ROWS_PER_WINDOW] = pairs[:, 1]
            self._window = (number, values)
        return self._window[1]
