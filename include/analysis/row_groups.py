"""The rows of a Parquet file, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def rows_of(file: pq.ParquetFile, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """All rows in order, at most `at_once` together and those of one row group.

    Each row group has a reader of its own: one of all keeps the bytes of the file that it has read until its end.
    """
    for group in range(file.num_row_groups):
        yield from file.iter_batches(at_once, row_groups=[group], columns=columns, use_threads=False)
