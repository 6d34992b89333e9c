"""Batches and parts on disk.

A part is what one analysis wrote for one slice of a batch: one Parquet file with a row of answers for each row of the
slice, and the slice's partial, figures (see `performance.Span`) and quarantined rows in the file's metadata. Its path
carries what it depends on: the analysis' fingerprint and the batch's content hash, so a stale part is never found when
a fresh one is wanted.
Parts on disk are the checkpoint.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis.analysis import Analysis, Part, Partial, Rows
from include.analysis.files import complete_file

METADATA_KEY = b"comment_analysis"


@dataclass(frozen=True)
class Batch:
    """The rows `start` to `stop` (numbered from 1, `stop` exclusive) of the input, in one Parquet file."""

    folder: Path
    index: int
    start: int
    stop: int
    digest: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.index:05d}.parquet"

    @property
    def label(self) -> str:
        return f"rows {self.start:,}–{self.stop - 1:,}"

    def __len__(self) -> int:
        return self.stop - self.start

    def entry(self) -> dict[str, Any]:
        """For the manifest: everything but the folder."""
        return {key: value for key, value in asdict(self).items() if key != "folder"}

    def read(self, text_column: str, columns: Sequence[str], start: int, stop: int) -> Rows:
        """Read the slice `start` to `stop` of this batch."""
        with pq.ParquetFile(self.path) as file:
            wanted = [text_column, *(c for c in columns if c in file.schema_arrow.names and c != text_column)]
            table = _read_rows(file, wanted, start - self.start, stop - self.start)
        return Rows(start, table.column(text_column).combine_chunks(), table)


def _read_rows(file: pq.ParquetFile, columns: list[str], start: int, stop: int) -> pa.Table:
    bounds = [0]
    for group in range(file.num_row_groups):
        bounds.append(bounds[-1] + file.metadata.row_group(group).num_rows)
    first = bisect_right(bounds, start) - 1
    groups = [group for group in range(first, file.num_row_groups) if bounds[group] < stop]
    table = file.read_row_groups(groups, columns=columns, use_threads=False)
    return table.slice(start - bounds[first], stop - start).combine_chunks()


@dataclass(frozen=True)
class StoredPart:
    """A part on disk, for the rows `start` to `stop` (exclusive) of the batch that begins at `batch_start`."""

    path: Path
    start: int
    stop: int
    batch_start: int

    def metadata(self) -> dict[str, Any]:
        """`partial`, `metrics` and `quarantine` (a list of {row, error})."""
        found: dict[str, Any] = json.loads(pq.read_schema(self.path).metadata[METADATA_KEY])
        return found

    def partial(self) -> Partial:
        found: Partial = self.metadata()["partial"]
        return found

    def answers(self, columns: list[str] | None = None) -> pa.Table:
        return pq.read_table(self.path, columns=columns, use_threads=False).replace_schema_metadata(None)


class PartStore:
    """The parts of one analysis of one batch."""

    def __init__(self, root: Path, analysis: Analysis, batch: Batch) -> None:
        self.batch = batch
        self.folder = root / analysis.fingerprint() / f"{batch.index:05d}-{batch.digest}"

    def write(
        self, start: int, stop: int, part: Part, metrics: dict[str, Any], quarantine: list[dict[str, Any]]
    ) -> StoredPart:
        """Store a part; when the same slice is written twice, either copy is whole and they say the same."""
        document = {"partial": part.partial, "metrics": metrics, "quarantine": quarantine}
        table = part.answers.replace_schema_metadata({METADATA_KEY: json.dumps(document).encode()})
        path = self.folder / f"{start:012d}-{stop:012d}.parquet"
        with complete_file(path) as temporary:
            pq.write_table(table, temporary, compression="lz4")
        return StoredPart(path, start, stop, self.batch.start)

    def parts(self) -> list[StoredPart]:
        """The parts that count, in row order, disjoint."""
        return stored_parts(self.folder, self.batch.start)

    def missing(self) -> list[tuple[int, int]]:
        """The row ranges of the batch that have no part yet."""
        return list(gaps([(part.start, part.stop) for part in self.parts()], self.batch.start, self.batch.stop))


def stored_parts(folder: Path, batch_start: int) -> list[StoredPart]:
    """The parts in the folder of a batch that count, in row order, disjoint."""
    found = []
    for path in folder.glob("*.parquet") if folder.is_dir() else ():
        if not path.name.startswith("."):
            start, stop = map(int, path.stem.split("-"))
            found.append(StoredPart(path, start, stop, batch_start))
    return best_cover(found)


def best_cover(parts: Iterable[StoredPart]) -> list[StoredPart]:
    """The disjoint parts that cover the most rows.

    Two tries of a task that ran at once, cut at different places, leave parts that overlap. Taking both would count
    rows twice, and a greedy choice could leave a gap where a complete cover exists.
    """
    ordered = sorted(parts, key=lambda part: (part.stop, part.start))
    stops = [part.stop for part in ordered]
    covered = [0]
    chosen: list[bool] = []
    for index, part in enumerate(ordered):
        with_it = part.stop - part.start + covered[bisect_right(stops, part.start, hi=index)]
        chosen.append(with_it > covered[-1])
        covered.append(max(with_it, covered[-1]))
    cover: list[StoredPart] = []
    index = len(ordered)
    while index:
        if chosen[index - 1]:
            cover.append(ordered[index - 1])
            index = bisect_right(stops, ordered[index - 1].start, hi=index - 1)
        else:
            index -= 1
    return cover[::-1]


def gaps(ranges: Iterable[tuple[int, int]], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """What ordered, disjoint ranges leave uncovered between start and stop."""
    position = start
    for low, high in ranges:
        if low > position:
            yield position, low
        position = high
    if position < stop:
        yield position, stop
