"""Cuts the input into batches, one Parquet file each, in one pass and in bounded memory."""

from __future__ import annotations

import hashlib
import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.analysis.files import complete_file, read_json, remove_file, write_json
from include.analysis.memory import MemoryManager
from include.analysis.parts import Batch
from include.analysis.planning import BatchPlan
from include.analysis.reading import Source, file_states
from include.analysis.run_folder import RunFolder

FORMAT = 2
"""Changes when batches written by an earlier version cannot serve a later one."""


class Splitter:
    """Writes the batches of a source into a run folder."""

    def __init__(self, run: RunFolder, source: Source, plan: BatchPlan) -> None:
        self.run = run
        self.source = source
        self.plan = plan
        self.rows = 0
        self.blank = 0
        self.began = time.perf_counter()

    def split(self) -> Iterator[Batch]:
        """Yield each batch as soon as its file is complete; the manifest is complete when this is exhausted.

        Batches that an earlier run wrote from the same file in the same way are taken as they are.
        Raises what reading raises, NoRows among it.
        """
        signature = self.signature()
        if signature is not None and self.earlier_signature() == signature:
            yield from self.run.batch_list()
            return
        remove_file(self.run.manifest_file)
        write_json(self.run.input_file, self.description())
        batches: list[Batch] = []
        for tables in self.batched_tables():
            batches.append(self.write_batch(len(batches), tables))
            yield batches[-1]
        self.remove_leftovers(len(batches))
        write_json(self.run.manifest_file, self.manifest(batches, signature))

    def signature(self) -> dict[str, Any] | None:
        """What the batches depend on; None for an input that cannot be told apart from another."""
        paths = self.source.info.paths
        if not paths:
            return None
        return {
            "format": FORMAT,
            "pyarrow": pa.__version__,
            "files": file_states(paths),
            "reading": json.loads(json.dumps(self.source.info.to_dict())),
            "batch_size": self.plan.batch_size,
        }

    def earlier_signature(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = read_json(self.run.manifest_file)["signature"]
        except (FileNotFoundError, KeyError, ValueError):
            return None
        return found

    def batched_tables(self) -> Iterator[Iterator[pa.Table]]:
        """The source's tables, dealt out to batches: each inner iterator gives the tables of one batch."""
        pieces = Pieces(self.source.chunks())
        index = 0
        while pieces.more():
            yield pieces.take(self.plan.size_of(index))
            index += 1

    def write_batch(self, index: int, tables: Iterator[pa.Table]) -> Batch:
        start = self.rows + 1
        with complete_file(self.run.batches / f"{index:05d}.parquet") as temporary:
            writer: pq.ParquetWriter | None = None
            for table in tables:
                writer = writer or pq.ParquetWriter(
                    temporary, table.schema, compression="lz4", use_dictionary=False, write_statistics=False
                )
                writer.write_table(table)
                self.count(table)
            assert writer is not None
            writer.close()
            digest = self.digest(temporary, start)
        return Batch(self.run.batches, index, start, self.rows + 1, digest)

    def count(self, table: pa.Table) -> None:
        trimmed = pc.utf8_trim_whitespace(table.column(self.source.info.text_column))
        self.blank += pc.sum(pc.equal(trimmed, "")).as_py()
        self.rows += table.num_rows

    @staticmethod
    def digest(path: Path, start: int) -> str:
        hasher = hashlib.blake2b(str(start).encode(), digest_size=8)
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                hasher.update(block)
        return hasher.hexdigest()

    def remove_leftovers(self, count: int) -> None:
        for path in self.run.batches.glob("*.parquet"):
            if path.stem.isdigit() and int(path.stem) >= count:
                path.unlink()

    def description(self) -> dict[str, Any]:
        """What is known before the first row is read."""
        return {
            **self.source.info.to_dict(),
            "estimated_rows": self.source.estimated_rows,
            "bytes_per_row": self.source.bytes_per_row,
            "plan": {"batch_size": self.plan.batch_size, "reason": self.plan.reason},
        }

    def manifest(self, batches: list[Batch], signature: dict[str, Any] | None) -> dict[str, Any]:
        """What is known after the last."""
        peak = max(MemoryManager.peak_mb(), MemoryManager.peak_mb(resource.RUSAGE_CHILDREN))  # the workbooks' reader
        return {
            "signature": signature,
            "metrics": {"seconds": time.perf_counter() - self.began, "peak_memory_mb": peak},
            "content_digest": self.source.content_digest,
            "quality": self.source.quality.to_dict(),
            "rows": self.rows,
            "blank_comments": self.blank,
            "batches": [batch.entry() for batch in batches],
        }


class Pieces:
    """Tables from an iterator, cut where a batch ends."""

    def __init__(self, tables: Iterator[pa.Table]) -> None:
        self.tables = tables
        self.rest: pa.Table | None = None

    def more(self) -> bool:
        while self.rest is None or not self.rest.num_rows:
            self.rest = next(self.tables, None)
            if self.rest is None:
                return False
        return True

    def take(self, rows: int) -> Iterator[pa.Table]:
        """The next `rows` rows, or what is left."""
        while rows and self.more():
            assert self.rest is not None
            piece = self.rest.slice(0, rows)
            self.rest = self.rest.slice(piece.num_rows)
            rows -= piece.num_rows
            yield piece
