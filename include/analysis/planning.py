"""How many rows a batch should have, so that nobody needs to think about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.analysis.memory import MEBIBYTE
from include.analysis.settings import DEFAULT_ANALYSES

MAX_BATCHES = 1000
"""Below Airflow's `core.max_map_length` of 1,024, at which the task that pushes the list of batches fails."""

ESTIMATE_TOLERANCE = 1.01

BATCH_MEMORY_SHARE = 0.40
WORKING_BYTES_PER_BYTE = 5.5
"""Memory of an analysis for each byte of a row: its text, the copies made in reading it, its different texts. Measured
were 5, and 350 for each row, for the analysis that takes most, with texts of 20, 130 and 700 characters."""
WORKING_BYTES_PER_ROW = 370

SMALLEST_WORTHWHILE_BATCH = 20_000
"""Rows that keep a task busy for about as long as Airflow needs to schedule and start one (half a second)."""


@dataclass(frozen=True)
class BatchPlan:
    """Rows in a batch, and why, in words for the log and for `results.json`."""

    batch_size: int
    reason: str

    def size_of(self, index: int) -> int:
        """Rows of batch `index`.

        The number of rows was an estimate. Should there be more than it allows for, each batch from MAX_BATCHES on has
        twice the rows of the one before, so that no file makes more batches than Airflow maps.
        """
        return self.batch_size << max(0, index - MAX_BATCHES + 1)


def rows_within_memory(bytes_per_row: float, max_memory_mb: int) -> int:
    """Rows that one analysis can hold in its share of the memory limit, at least 10."""
    working = bytes_per_row * WORKING_BYTES_PER_BYTE + WORKING_BYTES_PER_ROW
    return max(10, int(BATCH_MEMORY_SHARE * max_memory_mb * MEBIBYTE / working))


def plan_batches(
    rows: int,
    bytes_per_row: float,
    max_memory_mb: int,
    workers: int,
    analyses: int = 3,
    requested: int | None = None,
    max_batches: int | None = MAX_BATCHES,
) -> BatchPlan:
    """Choose the batch size for about `rows` rows of `bytes_per_row` bytes.

    A batch is a task for each analysis, and each task costs Airflow about a quarter second of scheduling and as much
    again to start. So batches are as large as memory allows (`BATCH_MEMORY_SHARE` of `max_memory_mb`), but

    - not so large that workers stand idle: there are at least two tasks a worker, unless batches would then fall
      under `SMALLEST_WORTHWHILE_BATCH` rows, where starting a task costs more than it does;
    - never so many that Airflow could not map them (`max_batches`; None where no such limit holds).

    A `requested` size is taken as it is, except where it would make too many batches: then the smallest size that
    fits is taken, and the reason says so.
    """
    rows = max(rows, 1)
    fewest = math.ceil(rows * 1.2 / max_batches) if max_batches else 1
    if requested is not None:
        if not max_batches or rows <= requested * max_batches * ESTIMATE_TOLERANCE:
            return BatchPlan(requested, "as requested")
        return BatchPlan(
            fewest,
            f"batch_size {requested:,} would cut about {rows:,} rows into {math.ceil(rows / requested):,} batches; "
            f"Airflow maps at most {max_batches:,}, so {fewest:,} is used",
        )
    memory = rows_within_memory(bytes_per_row, max_memory_mb)
    batches_for_workers = max(1, math.ceil(2 * workers / max(1, analyses)))
    balanced = max(SMALLEST_WORTHWHILE_BATCH, math.ceil(rows / batches_for_workers))
    size = max(fewest, min(memory, balanced))
    even = math.ceil(rows / math.ceil(rows / size))
    size = max(fewest, min(memory, max(SMALLEST_WORTHWHILE_BATCH, _round_up(even))))
    return BatchPlan(size, _reason(size, rows, fewest, memory))


def _reason(size: int, rows: int, fewest: int, memory: int) -> str:
    if rows <= size:
        return f"about {rows:,} rows are one batch"
    if size == fewest > memory:
        return f"the smallest size that cuts about {rows:,} rows into batches that Airflow can map"
    batches = math.ceil(rows / size)
    fits = f"each fits in {BATCH_MEMORY_SHARE * 100:.0f} % of the memory limit"
    why = fits if math.ceil(rows / memory) >= batches else "so no worker stands idle"
    return f"about {rows:,} rows in {batches} batches of one size: {why}"


def _round_up(size: int) -> int:
    """Two significant digits, upwards: 33,334 becomes 34,000."""
    unit = 10 ** max(0, int(math.log10(size)) - 1)
    return int(math.ceil(size / unit) * unit)


def get_processing_configuration(dataset_info: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration for a data set on a machine.

    `dataset_info` holds `size` (rows), `memory_mb` (of the machine), `cpu_cores`, and optionally `bytes_per_row`
    (default 150). The answer holds `batch_size`, `n_workers`, `analyses` (all of them, whatever the size),
    `memory_limit_mb` (80 % of the memory, for all workers together) and what to track.
    """
    size, memory_mb, cores = (int(dataset_info[key]) for key in ("size", "memory_mb", "cpu_cores"))
    memory_limit_mb = int(memory_mb * 0.8)
    workers = max(1, min(cores, memory_limit_mb // 256, math.ceil(size / SMALLEST_WORTHWHILE_BATCH) * 3))
    plan = plan_batches(size, float(dataset_info.get("bytes_per_row", 150)), memory_limit_mb // workers, workers)
    return {
        "batch_size": plan.batch_size,
        "n_workers": workers,
        "analyses": list(DEFAULT_ANALYSES),
        "memory_limit_mb": memory_limit_mb,
        "track_progress": True,
        "track_memory": True,
        "track_performance": True,
    }
