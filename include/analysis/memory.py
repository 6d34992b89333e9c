"""How much memory the process uses, and how large the next slice may be."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyarrow as pa

MEBIBYTE = 1024 * 1024
SMALLEST_SLICE = 10
SMALLEST_ROOM_MB = 64

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
LARGEST_KEPT = 16 * MEBIBYTE
MOST_KEPT = 64 * MEBIBYTE
SMALLEST_RETURNED = 4 * MEBIBYTE


def release_unused() -> None:
    """Give back to the system what the last step took: Arrow and the C library keep it, and peaks would add up."""
    pa.default_memory_pool().release_unused()
    _c_library("malloc_trim", 0)


def keep_freed() -> None:
    """Let the C library keep some of what is freed for what comes next.

    By default it gives back arrays of some megabytes at once, until larger ones have been freed: to get their pages
    again takes a third of the time of reading words out of comments. It holds for the process from then on.
    """
    _c_library("mallopt", M_MMAP_THRESHOLD, LARGEST_KEPT)
    _c_library("mallopt", M_TRIM_THRESHOLD, MOST_KEPT)


def return_freed() -> None:
    """Let the C library give back each array of some megabytes as soon as it is freed.

    By default it keeps arrays as large as the largest that was freed so far. In work of many different steps the holes
    that they leave fit nothing that comes next, and memory grows with the length of the work. It holds for the process
    from then on.
    """
    _c_library("mallopt", M_MMAP_THRESHOLD, SMALLEST_RETURNED)


def _c_library(function: str, *arguments: int) -> None:
    """Call a function of glibc, where there is such a library."""
    found = getattr(ctypes.CDLL(None), function, None) if sys.platform == "linux" else None
    if found:
        found(*arguments)


def mapped_data() -> int:
    """Bytes of private, writable memory that this process has mapped, as RLIMIT_DATA counts them (Linux)."""
    return _status("VmData")


def _status(name: str) -> int:
    """A size that the kernel tells of this process, in bytes (Linux)."""
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(f"{name}:"))


@dataclass
class MemoryManager:
    """Reads the process's resident memory against a limit in MiB."""

    max_memory_mb: int

    def current_mb(self) -> float:
        """Resident memory of this process, MiB."""
        return float(psutil.Process().memory_info().rss) / MEBIBYTE

    @staticmethod
    def peak_mb(of: int = resource.RUSAGE_SELF) -> float:
        """The most resident memory that this process has had so far, or (RUSAGE_CHILDREN) one that it started, MiB.

        What Linux tells of usage counts what a process was before it ran its program: a copy of who started it.
        """
        if of == resource.RUSAGE_SELF and sys.platform == "linux":
            return _status("VmHWM") / MEBIBYTE
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(of).ru_maxrss * unit / MEBIBYTE

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Let an allocation that would take this process past the limit raise MemoryError.

        Otherwise the kernel would kill some process when the machine's memory runs out. What is bounded is the data
        that the process maps (RLIMIT_DATA, Linux), from what it has now. When it is at the limit already there is
        still room for a small slice.
        """
        if sys.platform != "linux":
            yield
            return
        room = max(SMALLEST_ROOM_MB, self.max_memory_mb - self.current_mb())
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = mapped_data() + int(room * MEBIBYTE)
        pool = pa.default_memory_pool()
        # Arrow's own pools map a gigabyte at once, within which they could grow unseen.
        pa.set_memory_pool(pa.system_memory_pool())
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
            pa.set_memory_pool(pool)

    def percentage(self) -> float:
        """Resident memory as a percentage of the limit."""
        return 100 * self.current_mb() / self.max_memory_mb

    def should_gc(self) -> bool:
        """Whether a clean-up is due: more than 70 % of the limit is in use."""
        return self.percentage() > 70

    def clean_up(self) -> None:
        """Collect garbage and give unused memory back to the system."""
        gc.collect()
        pa.default_memory_pool().release_unused()

    def next_slice(self, rows: int, largest: int) -> int:
        """Rows of the next slice after one of `rows`.

        Above 90 % of the limit a quarter (at least 10), above 70 % a half (at least 50), below 30 % the double, never
        more than `largest`.
        """
        used = self.percentage()
        if used > 90:
            rows = min(rows, max(SMALLEST_SLICE, rows // 4))
        elif used > 70:
            rows = min(rows, max(50, rows // 2))
        elif used < 30:
            rows = rows * 2
        return min(rows, largest)
