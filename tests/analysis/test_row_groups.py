"""The rows of a Parquet file, some at a time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis.row_groups import rows_of

GROUPS, ROWS_PER_GROUP, AT_ONCE = 30, 5000, 1000


def export(path: Path) -> pa.Table:
    """A file of texts that do not repeat each other, so that none is cheap to keep."""
    texts = [hashlib.sha512(str(row).encode()).hexdigest() for row in range(GROUPS * ROWS_PER_GROUP)]
    table = pa.table({"row": range(len(texts)), "text": texts})
    pq.write_table(table, path, row_group_size=ROWS_PER_GROUP, compression="zstd")
    return table


def test_rows_come_in_order_and_some_columns_alone(tmp_path: Path) -> None:
    table = export(tmp_path / "rows.parquet")
    with pq.ParquetFile(tmp_path / "rows.parquet") as file:
        batches = list(rows_of(file, 3000))
        assert pa.Table.from_batches(batches) == table
        assert {batch.num_rows for batch in batches} == {3000, 2000}
        assert pa.Table.from_batches(rows_of(file, 3000, ["text"])) == table.select(["text"])


def test_little_of_the_file_is_in_memory_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    export(path)
    before = pa.total_allocated_bytes()
    with pq.ParquetFile(path) as file:
        taken = [pa.total_allocated_bytes() - before for _ in rows_of(file, AT_ONCE)]
    assert max(taken) < path.stat().st_size / 3
