"""One day of an export that spans years.

The export is read once and its rows are dealt out to days, in a folder that serves every later reader:

    CACHE/NAME-KEY-VERSION/2025-01-31.parquet, ...   the rows of a day, every column a string, in input order
    CACHE/NAME-KEY-VERSION/index.json                what the export is, and its days (written last)

KEY stands for the paths and how they are read, VERSION for the state of the files: when they change, the folder of
the earlier state is removed. A folder is made under another name and renamed, so it is there whole or not at all; the
lock only keeps processes that start together from doing the same work.
"""

from __future__ import annotations

import datetime
import errno
import hashlib
import json
import os
import re
import shutil
import socket
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis.errors import AnalysisError, NoRows, NoRowsOfDay, OutputUnwritable
from include.analysis.files import read_json, write_json
from include.analysis.leftovers import remove_leftovers
from include.analysis.reading.combined import open_sources
from include.analysis.reading.filetype import identify
from include.analysis.reading.header import find_date_column
from include.analysis.reading.locking import exclusive
from include.analysis.reading.partition import Day, day_file, partition
from include.analysis.reading.source import CHUNK_ROWS, ReadOptions, Source, SourceInfo
from include.analysis.reading.stored import file_states
from include.analysis.row_groups import rows_of

FORMAT = 1
"""Changes when folders written by an earlier version cannot serve a later one."""

INDEX = "index.json"
UNFINISHED = ".partial"
_LONGEST_NAME = 40
_UNWRITABLE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST}
)


def open_day(
    paths: Sequence[Path],
    day: datetime.date,
    options: ReadOptions,
    reserved: Collection[str],
    cache: Path,
    date_column: str | None = None,
) -> Source:
    """The rows of one day of an export (of one file, or of several that are one input), in input order.

    A row without a date belongs to the day of the row before it, the first ones to the day of the first that has one;
    so every row belongs to one day. The first call for an export reads all of it; `cache` keeps its days.

    Raises:
        NoRowsOfDay: no row is of this day
        DateColumnNotFound, NoDates: the days of the rows are not known
        OutputUnwritable: the cache cannot be written
        what `open_sources` raises
    """
    export = _Export([path.absolute() for path in paths], options, frozenset(reserved), date_column, cache)
    days = export.partition(day)
    if day not in days.days:
        raise NoRowsOfDay(
            f"{_named(days.info)} has no rows of {day}; its rows are of {min(days.days)} to {max(days.days)}"
        )
    return DaySource(days, day)


def _named(info: SourceInfo) -> str:
    return str(info.path or info.name)


@dataclass(frozen=True)
class Partition:
    """An export whose rows are dealt out to the files of a folder, a file a day."""

    folder: Path
    info: SourceInfo
    quality: Mapping[str, Any]
    days: Mapping[datetime.date, Day]

    def save(self) -> None:
        """Write the index, which makes the folder complete."""
        days = {day.isoformat(): asdict(found) for day, found in self.days.items()}
        write_json(self.folder / INDEX, {"info": self.info.to_dict(), "quality": self.quality, "days": days})

    @classmethod
    def load(cls, folder: Path, day: datetime.date) -> Partition | None:
        """What `save` wrote, or None when there is nothing there that would serve for a day."""
        try:
            index = read_json(folder / INDEX)
            days = {datetime.date.fromisoformat(name): Day(**found) for name, found in index["days"].items()}
            found = cls(folder, SourceInfo.from_dict(index["info"]), index["quality"], days)
            whole = day not in days or day_file(folder, day).stat().st_size == days[day].bytes
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return None
        return found if whole else None


@dataclass(frozen=True)
class _Export:
    """What the days of an export depend on, and the folder of its days."""

    paths: Sequence[Path]
    options: ReadOptions
    reserved: frozenset[str]
    date_column: str | None
    cache: Path

    def partition(self, day: datetime.date) -> Partition:
        """The export by days, made now unless someone has made it before."""
        for path in self.paths:
            with suppress(NoRows):  # one among several may be empty
                identify(path)
        states = file_states(self.paths)
        folder = self.cache / f"{self.name}-{_key(FORMAT, states)}"
        found = Partition.load(folder, day)
        if found is not None:
            return found
        with _writable(self.cache):
            self.cache.mkdir(parents=True, exist_ok=True)
            with exclusive(self.cache / f".{self.name}.lock") as locked:
                found = Partition.load(folder, day)
                if found is not None:
                    return found
                self.remove_unfinished(locked)
                self.make(folder, states, day)
                self.remove_superseded(folder)
        found = Partition.load(folder, day)
        if found is None:
            raise AnalysisError(f"{folder} was removed while it was in use; try again")
        return found

    @property
    def name(self) -> str:
        """What the folders of all states of the export begin with."""
        shown = re.sub(r"[^\w-]+", "_", self.paths[0].name)[:_LONGEST_NAME]
        key = _key(list(map(str, self.paths)), asdict(self.options), sorted(self.reserved), self.date_column)
        return f"{shown}-{key}"

    def make(self, folder: Path, states: Sequence[Mapping[str, Any]], day: datetime.date) -> None:
        """Read the export and put the folder of its days in place."""
        unfinished = _unfinished(folder)
        unfinished.mkdir()
        try:
            source = open_sources(self.paths, self.options, self.reserved, self.with_date_column)
            order, days = partition(source, unfinished)
            info = replace(source.info, date_order=order.name)
            Partition(unfinished, info, source.quality.to_dict(), days).save()
            if file_states(self.paths) != states:
                raise AnalysisError(f"{_named(info)} was changed while it was read; try again when it is complete")
            self.put_in_place(unfinished, folder, day)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def with_date_column(self, info: SourceInfo) -> SourceInfo:
        wanted = self.date_column
        given = None if wanted is None else info.renamed_columns.get(wanted, wanted)
        detected = info.detected if wanted is not None else (*info.detected, "date_column")
        return replace(info, date_column=find_date_column(info.columns, given, _named(info)), detected=detected)

    def put_in_place(self, unfinished: Path, folder: Path, day: datetime.date) -> None:
        try:
            unfinished.rename(folder)
        except OSError:
            if Partition.load(folder, day) is not None:  # another has finished first
                return
            _remove(folder)
            unfinished.rename(folder)

    def remove_unfinished(self, locked: bool) -> None:
        """Remove what killed processes have left: here, where who holds the lock is alone; elsewhere, after a day."""
        if locked:
            remove_leftovers(self.cache, f".{self.name}-*.{_host()}-*{UNFINISHED}", older_than=-1)
        remove_leftovers(self.cache, f".*{UNFINISHED}")

    def remove_superseded(self, folder: Path) -> None:
        """Remove the days of earlier states of the export, which nobody can ask for again."""
        for path in self.cache.glob(f"{self.name}-*"):
            if path != folder:
                _remove(path)


def _unfinished(folder: Path) -> Path:
    """A name that tells whose it is, for a folder that is being made or removed."""
    return folder.with_name(f".{folder.name}.{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}{UNFINISHED}")


def _host() -> str:
    return re.sub(r"[^\w-]+", "_", socket.gethostname())[:_LONGEST_NAME]


def _remove(folder: Path) -> None:
    """Remove a folder of days, for others whole or not at all."""
    away = _unfinished(folder)
    with suppress(FileNotFoundError):
        folder.rename(away)
    shutil.rmtree(away, ignore_errors=True)


def _key(*what: Any) -> str:
    return hashlib.blake2b(json.dumps(what).encode(), digest_size=8).hexdigest()


@contextmanager
def _writable(cache: Path) -> Iterator[None]:
    """Turn what keeps the cache from being written into OutputUnwritable."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise OutputUnwritable(
            f"the days of an export cannot be kept in {cache} ({os.strerror(error.errno)}); free some space or name "
            "another folder"
        ) from error


class DaySource(Source):
    """The rows of one day."""

    def __init__(self, export: Partition, day: datetime.date) -> None:
        self._path = day_file(export.folder, day)
        self._export_quality = export.quality
        self._day = export.days[day]
        super().__init__(replace(export.info, day=day), self._day.rows, self._day.row_bytes)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for name, value in self._export_quality.items():
            setattr(self.quality, name, value)
        self.quality.export_rows, self.quality.rows = self.quality.rows, 0
        self.quality.undated_rows = self._day.undated_rows
        with pq.ParquetFile(self._path) as file:
            for batch in rows_of(file, CHUNK_ROWS):
                self.quality.rows += batch.num_rows
                yield batch
        self._digest = self._day.digest
