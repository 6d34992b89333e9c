"""How much memory the process uses, and how large the next slice may be."""

from __future__ import annotations

import gc
import resource
import sys
from dataclasses import dataclass

import psutil
import pyarrow as pa

MEBIBYTE = 1024 * 1024
SMALLEST_SLICE = 10


@dataclass
class MemoryManager:
    """Reads the process's resident memory against a limit in MiB."""

    max_memory_mb: int

    def current_mb(self) -> float:
        """Resident memory of this process, MiB."""
        return float(psutil.Process().memory_info().rss) / MEBIBYTE

    @staticmethod
    def peak_mb() -> float:
        """The most resident memory that this process has had so far, MiB."""
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEBIBYTE

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
