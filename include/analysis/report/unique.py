"""The deduplicated file: one row for each distinct comment, with the number of rows that say it.

Comments that repeat each other are those with the same first row (`duplicate_of`). Comments without a letter or digit
repeat nothing and stay, each on its own. Rows are dealt out to windows of row numbers on disk, so that memory does not
grow with the file.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.analysis.arrays import Integers, different, without
from include.analysis.files import remove_file
from include.analysis.leftovers import remove_leftovers
from include.analysis.output import CommentsWriter
from include.analysis.report.columns import scores
from include.analysis.report.stored import StoredRun
from include.analysis.spill import Spill

FREQUENCY = "frequency"
FILES = ("comments_unique.csv", "comments_unique.parquet")
ROWS_PER_WINDOW = 1 << 18
_LOWEST = -(10**9)


@dataclass(frozen=True)
class UniqueFiles:
    """Writes `comments_unique.csv` and `comments_unique.parquet` of a run; `keep` as in `ReportOptions`."""

    run: StoredRun
    keep: str
    rows_per_window: int = ROWS_PER_WINDOW

    def write(self) -> list[Path]:
        """The files that were written: none when the run did not look for duplicates."""
        csv, parquet = (self.run.folder / name for name in FILES)
        if "duplicate_of" not in self.run.answers:
            remove_file(csv)
            remove_file(parquet)
            return []
        remove_leftovers(self.run.folder, ".unique-*")
        scratch = Path(tempfile.mkdtemp(prefix=".unique-", dir=self.run.folder))
        try:
            repeats, kept = Spill(scratch / "repeats", 4), Spill(scratch / "kept", 2)
            self._deal_repeats(repeats)
            self._deal_kept(repeats, kept)
            with CommentsWriter(parquet, csv, self.schema()) as writer:
                for table in self._rows(kept):
                    writer.write(table)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return [csv, parquet]

    def schema(self) -> pa.Schema:
        """The columns of the annotated file, then the frequency; an own column of that name is renamed."""
        own = {FREQUENCY: f"{FREQUENCY} (original)"}
        fields = [field.with_name(own.get(field.name, field.name)) for field in self.run.schema]
        return pa.schema([*fields, pa.field(FREQUENCY, pa.int64())])

    @property
    def _columns(self) -> list[str]:
        by_score = self.keep == "highest" and self.run.columns.score is not None
        return ["duplicate_of", str(self.run.columns.score)] if by_score else ["duplicate_of"]

    def _ranks(self, table: pa.Table, rows: Integers) -> Integers:
        """Of rows that repeat each other the one of the highest rank is kept, the first of several."""
        if len(self._columns) > 1:
            return np.maximum(scores(table[self._columns[1]].combine_chunks()), _LOWEST)
        return rows if self.keep == "last" else np.zeros(len(rows), np.int64)

    def _windows(self) -> Iterator[tuple[Integers, Integers, Integers]]:
        """For the rows of each window: their numbers, the first row that each repeats (0: none), their ranks."""
        start = 1
        for table in regrouped(self.run.tables(self._columns), self.rows_per_window):
            rows = np.arange(start, start + table.num_rows)
            yield rows, table["duplicate_of"].fill_null(0).to_numpy(), self._ranks(table, rows)
            start += table.num_rows

    def _window_of(self, rows: Integers) -> Integers:
        return (rows - 1) // self.rows_per_window

    def _deal_repeats(self, repeats: Spill) -> None:
        """Deal out what the rows of a window repeat, by the window of the first: see `_best`."""
        for rows, firsts, ranks in self._windows():
            found = _best(np.column_stack((firsts, rows, ranks, np.ones_like(rows)))[firsts > 0])
            repeats.add(found, self._window_of(found[:, 0]))

    def _deal_kept(self, repeats: Spill, kept: Spill) -> None:
        """Deal out the row that is kept of each group with the rows of the group, and firsts that are not with 0."""
        for window, (rows, _, ranks) in enumerate(self._windows()):
            found = repeats.read(window)
            firsts = different(found[:, 0])
            own = np.column_stack((firsts, firsts, ranks[firsts - rows[0]], np.ones_like(firsts)))
            _, chosen, _, counts = _best(np.concatenate((found, own))).T
            dropped = without(firsts, different(chosen))
            told = np.concatenate(
                (np.column_stack((chosen, counts)), np.column_stack((dropped, np.zeros(len(dropped), np.int64))))
            )
            kept.add(told, self._window_of(told[:, 0]))

    def _rows(self, kept: Spill) -> Iterator[pa.Table]:
        """The rows that are kept, with their frequency."""
        start = 1
        loaded, frequency = -1, np.zeros(0, np.int64)
        for table in self.run.tables():
            left = self.rows_per_window - (start - 1) % self.rows_per_window
            for piece in _cut(table, left, self.rows_per_window):
                window, offset = divmod(start - 1, self.rows_per_window)
                if window != loaded:
                    loaded, frequency = window, self._frequencies(kept.read(window), window)
                told = frequency[offset : offset + piece.num_rows]
                single = piece["duplicate_of"].is_null().to_numpy()
                counts = np.where(told >= 0, told, single)
                columns = [*piece.columns, pa.array(counts)]
                yield pa.table(columns, schema=self.schema()).filter(pa.array(counts > 0))
                start += piece.num_rows

    def _frequencies(self, told: Integers, window: int) -> Integers:
        """The frequency of each row of a window; -1 for a row that is in no group, or not kept."""
        found = np.full(self.rows_per_window, -1)
        found[told[:, 0] - 1 - window * self.rows_per_window] = told[:, 1]
        return found


def _best(repeats: Integers) -> Integers:
    """Of rows that repeat the same first row the one of the highest rank, the first of several, with their number.

    Columns, before and after: the first row, the row that repeats it, its rank, and how many rows it stands for.
    """
    ordered = repeats[np.lexsort((repeats[:, 1], -repeats[:, 2], repeats[:, 0]))]
    starts = np.flatnonzero(np.diff(ordered[:, 0], prepend=0))
    best = ordered[starts]
    if len(best):
        best[:, 3] = np.add.reduceat(ordered[:, 3], starts)
    return best


def regrouped(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of `rows` rows, the last of what is left."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        for piece in _cut(table, rows - count, rows):
            waiting.append(piece)
            count += piece.num_rows
            if count == rows:
                yield pa.concat_tables(waiting).combine_chunks()
                waiting, count = [], 0
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _cut(table: pa.Table, first: int, rows: int) -> Iterator[pa.Table]:
    """A table in pieces: the first of at most `first` rows, the others of `rows`."""
    yield table.slice(0, first)
    for start in range(first, table.num_rows, rows):
        yield table.slice(start, rows)
