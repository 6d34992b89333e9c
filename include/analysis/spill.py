"""Rows of integers, dealt out to buckets on disk, so that more can be grouped than fits in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


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
