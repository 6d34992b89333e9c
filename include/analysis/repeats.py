"""Comments that repeat what was said in the days before, by their keys (see `duplicates.keys_of`).

For each day a file `day=YYYY-MM-DD.parquet` with a row for each comment of the day whose normal form occurs on one of
the `window` days before:

    row            of the comment, in its day
    earlier_day    the last of those days on which it was said, and
    earlier_row    the last of that day's rows that say it
    times          how many comments of the window's days say it
    days_ago       days from `earlier_day` to this one

A file carries a signature of what it depends on: the keys of its day and of the days of its window. Only days whose
signature is not that of their file are computed, all of them in one pass over the days that matter to any of them.
"""

from __future__ import annotations

import datetime
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis.arrays import Integers, order_of_keys
from include.analysis.column_digest import DIGEST_BYTES
from include.analysis.day_record import DayRecord
from include.analysis.files import complete_file, remove_file
from include.analysis.history import History
from include.analysis.leftovers import remove_leftovers
from include.analysis.spill import Spill

WINDOW = 90
FORMAT = 1
"""Changes when the content of the files does for the same history."""

METADATA_KEY = b"comment_analysis_repeats"
SCRATCH = ".repeats-"
KEYS_PER_SHARD = 2_000_000
FEW = 8
FLAGS_PER_KEY = 16
ROW_BITS = 40
"""A comment's place is one number: its day (proleptic Gregorian ordinal, below 2**22) above its row (below 2**40)."""
DAY_BITS = 22

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("earlier_day", pa.date32()),
        ("earlier_row", pa.int64()),
        ("times", pa.int64()),
        ("days_ago", pa.int32()),
    ]
)
EPOCH = datetime.date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class RepeatsFile:
    """What the metadata of a file says."""

    signature: str
    repeats: int


@dataclass(frozen=True)
class Repeats:
    """The files of all days, in a folder."""

    root: Path

    def path_of(self, day: datetime.date) -> Path:
        """The file of a day, whether it exists or not."""
        return self.root / f"day={day.isoformat()}.parquet"

    def file(self, day: datetime.date) -> RepeatsFile | None:
        """What is known about a day's file without reading its rows; None when there is none that can be used."""
        try:
            metadata = pq.read_metadata(self.path_of(day))
            return RepeatsFile(metadata.metadata[METADATA_KEY].decode(), metadata.num_rows)
        except (OSError, pa.ArrowInvalid, KeyError, TypeError):
            return None

    def update(self, history: History, records: Sequence[DayRecord], window: int = WINDOW) -> RepeatsUpdate:
        """Bring the files up to date with the records of the history (all of them, in order).

        Raises HistoryChanged when the history is not any more as the records say.
        """
        wanted = signatures(records, window)
        known = {day: self.file(day) for day in wanted}
        counts = {day: file.repeats for day, file in known.items() if file and file.signature == wanted[day]}
        stale = [day for day in wanted if day not in counts]
        for day, table in self.computed(history, records, stale, window):
            self.write(day, table, wanted[day])
            counts[day] = table.num_rows
        return RepeatsUpdate({day: counts[day] for day in wanted}, tuple(stale), tuple(self.remove_others(wanted)))

    def computed(
        self, history: History, records: Sequence[DayRecord], days: Sequence[datetime.date], window: int
    ) -> Iterator[tuple[datetime.date, pa.Table]]:
        """The repeats of some days, in bounded memory."""
        if not days:
            return
        self.root.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.root, f"{SCRATCH}*")
        remove_leftovers(self.root, ".*.tmp")
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=self.root))
        try:
            yield from find_repeats(history, records, days, window, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def write(self, day: datetime.date, table: pa.Table, signature: str) -> None:
        with complete_file(self.path_of(day)) as temporary:
            pq.write_table(table.replace_schema_metadata({METADATA_KEY: signature}), temporary, compression="zstd")

    def remove_others(self, days: Iterable[datetime.date]) -> Iterator[str]:
        """Remove the files of all other days; yields their names."""
        kept = {self.path_of(day).name for day in days}
        for path in sorted(self.root.glob("day=*.parquet")):
            if path.name not in kept:
                remove_file(path)
                yield path.name


@dataclass(frozen=True)
class RepeatsUpdate:
    """How many comments of each day repeat an earlier one, which days were computed, and which files went away."""

    counts: dict[datetime.date, int]
    computed: tuple[datetime.date, ...]
    removed: tuple[str, ...]


def signatures(records: Sequence[DayRecord], window: int) -> dict[datetime.date, str]:
    """For each day what its repeats depend on: its keys, and those of the days of its window."""
    found, first = {}, 0
    lines = [f"{record.day} {record.key_digest}" for record in records]
    for index, record in enumerate(records):
        while (record.day - records[first].day).days > window:
            first += 1
        text = "\n".join([f"{FORMAT} {window}", *lines[first : index + 1]])
        found[record.day] = hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return found


def find_repeats(
    history: History, records: Sequence[DayRecord], days: Sequence[datetime.date], window: int, scratch: Path
) -> Iterator[tuple[datetime.date, pa.Table]]:
    """The repeats of some days, given the records of the whole history in order.

    The keys of the days and of their windows are read once and dealt out by key to shards on disk, which are grouped
    one at a time; what they give is dealt out again by day.
    """
    wanted = np.array(sorted(day.toordinal() for day in days), np.int64)
    needed = [record for record in records if _matters(record.day.toordinal(), wanted, window)]
    shards = max(1, -(-sum(record.rows for record in needed) // KEYS_PER_SHARD))
    keyed, found = Spill(scratch / "keys", 3), Spill(scratch / "repeats", 5)
    known = known_keys(history, needed, wanted)
    for record in needed:
        for table in history.keys(record):
            rows = placed_keys(record.day, table)
            rows = rows if known is None else known.among(rows)
            keyed.add(rows, (rows[:, 1].view(np.uint64) % np.uint64(shards)).astype(np.int64))
    for shard in range(shards):
        repeats = repeats_in(keyed.read(shard), wanted, window)
        found.add(repeats, repeats[:, 0])
    for ordinal in wanted.tolist():
        yield datetime.date.fromordinal(ordinal), repeats_table(found.read(ordinal))


class KnownKeys:
    """Tells most of the keys that are not among some known ones; those that are always pass."""

    def __init__(self, expected: int) -> None:
        self.flags = np.zeros(1 << (FLAGS_PER_KEY * expected).bit_length(), bool)

    def add(self, rows: Integers) -> None:
        self.flags[self._positions(rows)] = True

    def among(self, rows: Integers) -> Integers:
        """The rows whose key may be known."""
        return rows[self.flags[self._positions(rows)]]

    def _positions(self, rows: Integers) -> Integers:
        return rows[:, 2] & (len(self.flags) - 1)


def known_keys(history: History, needed: Sequence[DayRecord], wanted: Integers) -> KnownKeys | None:
    """The keys of the wanted days, where it pays to read these first: when they are few among the needed ones.

    It does each morning, when the last day is new and only what it repeats matters of the days before.
    """
    days = [record for record in needed if record.day.toordinal() in set(wanted.tolist())]
    rows = sum(record.rows for record in days)
    if rows * FEW > sum(record.rows for record in needed):
        return None
    known = KnownKeys(rows)
    for record in days:
        for table in history.keys(record):
            known.add(placed_keys(record.day, table))
    return known


def _matters(day: int, wanted: Integers, window: int) -> bool:
    """Whether a day is one of the wanted ones or in the window of one."""
    next_wanted = np.searchsorted(wanted, day)
    return bool(next_wanted < len(wanted) and wanted[next_wanted] - day <= window)


def placed_keys(day: datetime.date, table: pa.Table) -> Integers:
    """Place and both halves of the key, for each row of a day that has a key."""
    row, key = (table.column(name).combine_chunks() for name in ("row", "key"))
    present = key.is_valid().to_numpy(zero_copy_only=False)
    filled = key.drop_null()
    halves = np.frombuffer(filled.buffers()[1], np.int64).reshape(-1, 2)[filled.offset :][: len(filled)]
    return np.column_stack(((day.toordinal() << ROW_BITS) + row.to_numpy()[present], halves))


def repeats_in(keyed: Integers, wanted: Integers, window: int) -> Integers:
    """The repeats among the comments of a shard (place, key, key; ordered by place), ordered by nothing.

    Columns: day, row, earlier day, earlier row, times.
    """
    order = order_of_keys(keyed[:, 1:])
    place, group = keyed[order, 0], group_numbers(keyed[order, 1:])
    day = place >> ROW_BITS
    moment = (group << DAY_BITS) + day  # ascending
    again = np.flatnonzero(np.isin(day, wanted) & (np.bincount(group, minlength=1)[group] > 1))
    begin = np.searchsorted(moment, (group[again] << DAY_BITS) + np.maximum(day[again] - window, 0))
    end = np.searchsorted(moment, moment[again])
    said = end > begin
    later, earlier = place[again[said]], place[end[said] - 1]
    row = (1 << ROW_BITS) - 1
    return np.column_stack((later >> ROW_BITS, later & row, earlier >> ROW_BITS, earlier & row, (end - begin)[said]))


def group_numbers(keys: Integers) -> Integers:
    """0, 0, 1, 2, 2... for ordered keys of two columns: the number of each one's group of equals."""
    changes = np.zeros(len(keys), np.int64)
    changes[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    numbers: Integers = np.cumsum(changes)
    return numbers


def repeats_table(repeats: Integers) -> pa.Table:
    """The table of a day from what `repeats_in` gives of it, in the order of its rows."""
    day, row, earlier_day, earlier_row, times = repeats[np.argsort(repeats[:, 1])].T
    since_epoch: npt.NDArray[np.int32] = (earlier_day - EPOCH).astype(np.int32)
    columns = [row, pa.array(since_epoch).cast(pa.date32()), earlier_row, times, (day - earlier_day).astype(np.int32)]
    return pa.table([np.ascontiguousarray(one) if isinstance(one, np.ndarray) else one for one in columns], SCHEMA)
