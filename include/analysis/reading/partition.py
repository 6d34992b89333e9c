"""Rows in any order, dealt out to the days they belong to, in bounded memory and with two open files.

One pass over the input writes its rows to a spool, some ten thousands at a time, those of each day together; then the
days are collected from the spool one after another, each into a Parquet file of its own.
"""

from __future__ import annotations

import datetime
import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.analysis.column_digest import ColumnDigest
from include.analysis.dates import NO_DAY, DayOrder, read_dates
from include.analysis.errors import NoDates
from include.analysis.files import complete_file
from include.analysis.privacy import example
from include.analysis.reading.source import Source, string_schema

FLUSH_BYTES = 16 * 1024 * 1024
FLUSH_ROWS = 131_072
GROUP_BYTES = 8 * 1024 * 1024
GROUP_ROWS = 65_536

_EPOCH = datetime.date(1970, 1, 1)
_EXAMPLE_CHARACTERS = 40

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Day:
    """The rows of one day in their file: how many, those of them without a date, its size, and what they hold.

    `digest` depends on the day and its rows alone; `row_bytes` is the average size of a row.
    """

    rows: int
    undated_rows: int
    bytes: int
    row_bytes: float
    digest: str


def day_file(folder: Path, day: datetime.date) -> Path:
    """Where the rows of a day are."""
    return folder / f"{day.isoformat()}.parquet"


def partition(source: Source, folder: Path) -> tuple[DayOrder, dict[datetime.date, Day]]:
    """Write the rows of a source to a file for each day, in input order.

    A row without a date belongs to the day of the row before it, the first ones to the day of the first that has one.

    Raises:
        NoDates: no row has a date
        what reading the source raises
    """
    path = folder / "spool.arrow"
    spool = _spool(source, path)
    days = {day: _write_day(folder, day, pieces, undated) for day, undated, pieces in spool.days()}
    path.unlink()
    return spool.order, days


def _spool(source: Source, path: Path) -> Spool:
    """The whole column decides which comes first in a date, day or month: rarely, that asks for a second pass."""
    spool = Spool(source, path)
    spool.fill(None)
    decided = spool.order.month_first
    if spool.assumed - {decided}:
        spool = Spool(source, path)
        spool.fill(decided)
    return spool


class Spool:
    """The rows of a source in one file, those of a day together in each flush."""

    def __init__(self, source: Source, path: Path) -> None:
        assert source.info.date_column is not None
        self.source = source
        self.path = path
        self.column = source.info.date_column
        self.order = DayOrder()
        self.assumed: set[bool] = set()  # the orders that days were read in, where it made a difference
        self.day_of_piece = array("q")
        self.undated: Counter[int] = Counter()
        self.first_day = self.last_day = NO_DAY
        self.example: str | None = None

    def fill(self, month_first: bool | None) -> None:
        """Read the source; without `month_first`, days are read as what was seen so far suggests.

        Raises NoDates.
        """
        schema = string_schema(self.source.info.columns)
        with pa.OSFile(str(self.path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for table in _gathered(self.source.chunks(), FLUSH_ROWS, FLUSH_BYTES):
                self.add(writer, table, month_first)
        if self.first_day == NO_DAY:
            raise self.no_dates()

    def add(self, writer: pa.RecordBatchWriter, table: pa.Table, month_first: bool | None) -> None:
        dates = read_dates(table.column(self.column))
        self.order.add(dates)
        assumed = self.order.month_first if month_first is None else month_first
        if not dates.day_first.equals(dates.month_first):
            self.assumed.add(assumed)
        days, undated = self.attributed(_numbers(dates.in_order(assumed)))
        self.keep_example(table)
        for day, rows in _by_day(table, days):
            writer.write_batch(rows)
            self.day_of_piece.append(day)
        for day, count in zip(*np.unique(days[undated], return_counts=True), strict=True):
            self.undated[int(day)] += int(count)

    def attributed(self, days: Numbers) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """The day of each row, and which rows have none of their own. NO_DAY waits for the first day."""
        undated = days == NO_DAY
        place = np.maximum.accumulate(np.where(undated, -1, np.arange(len(days))))
        dated = np.flatnonzero(~undated)
        if self.first_day == NO_DAY and len(dated):
            self.first_day = self.last_day = int(days[dated[0]])
        attributed = np.where(place < 0, self.last_day, days[place])
        self.last_day = int(attributed[-1])
        return attributed, undated

    def keep_example(self, table: pa.Table) -> None:
        if self.first_day == NO_DAY and self.example is None:
            filled = table.column(self.column).filter(
                pc.not_equal(pc.utf8_trim_whitespace(table.column(self.column)), "")
            )
            self.example = filled[0].as_py() if len(filled) else None

    def days(self) -> Iterator[tuple[datetime.date, int, Iterator[pa.RecordBatch]]]:
        """Each day in order, how many of its rows have no date, and its rows in input order."""
        days = np.array(self.day_of_piece, np.int64)
        days[days == NO_DAY] = self.first_day
        self.undated[self.first_day] += self.undated.pop(NO_DAY, 0)
        order = np.argsort(days, kind="stable")
        starts = [0, *(np.flatnonzero(np.diff(days[order])) + 1).tolist(), len(order)]
        with pa.OSFile(str(self.path)) as file, pa.ipc.open_file(file) as reader:
            for start, stop in pairwise(starts):
                day = int(days[order[start]])
                yield _date(day), self.undated[day], map(reader.get_batch, order[start:stop].tolist())

    def no_dates(self) -> NoDates:
        what = self.source.info.path or self.source.info.name
        seen = (
            "where every cell is empty"
            if self.example is None
            else f"not like '{example(self.example, _EXAMPLE_CHARACTERS)}'"
        )
        return NoDates(
            f"{what}: no row has a date in column '{self.column}'; dates are written like 2025-01-31 or 31/01/2025, "
            f"{seen}; name another column with date_column"
        )


def _gathered(tables: Iterable[pa.Table], most_rows: int, most_bytes: int) -> Iterator[pa.Table]:
    """Tables joined to larger ones, each of about so many rows or bytes."""
    waiting: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        size += table.nbytes
        if rows >= most_rows or size >= most_bytes:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting.clear()
            rows = size = 0
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _numbers(days: pa.Array) -> Numbers:
    numbers: Numbers = days.cast(pa.int32()).fill_null(NO_DAY).to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _date(day: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=day)


def _by_day(table: pa.Table, days: Numbers) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of each day, in order."""
    (rows,) = table.to_batches()
    order = np.argsort(days, kind="stable")
    if np.any(np.diff(order) != 1):
        rows, days = rows.take(pa.array(order)), days[order]
    starts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    for start, stop in pairwise(starts):
        yield int(days[start]), rows.slice(start, stop - start)


def _write_day(folder: Path, day: datetime.date, pieces: Iterator[pa.RecordBatch], undated: int) -> Day:
    digest, rows = DayDigest(day), 0
    path = day_file(folder, day)
    with complete_file(path) as temporary:
        writer: pq.ParquetWriter | None = None
        tables = (pa.Table.from_batches([piece]) for piece in pieces)
        for group in _gathered(tables, GROUP_ROWS, GROUP_BYTES):
            writer = writer or pq.ParquetWriter(temporary, group.schema, compression="lz4", write_statistics=False)
            writer.write_table(group)
            digest.update(group)
            rows += group.num_rows
        assert writer is not None
        writer.close()
    return Day(rows, undated, path.stat().st_size, digest.bytes / rows, digest.hexdigest())


class DayDigest:
    """Hashes a day and its rows, however they are cut."""

    def __init__(self, day: datetime.date) -> None:
        self.day = day
        self.columns: dict[str, ColumnDigest] = {}
        self.bytes = 0

    def update(self, table: pa.Table) -> None:
        """Add the next rows."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            self.bytes += column.nbytes
            for chunk in column.chunks:
                self.columns.setdefault(name, ColumnDigest()).update(chunk)

    def hexdigest(self) -> str:
        """BLAKE2b, 16 bytes."""
        parts: Sequence[Any] = [self.day.isoformat(), *((name, one.hexdigest()) for name, one in self.columns.items())]
        return hashlib.blake2b(repr(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
