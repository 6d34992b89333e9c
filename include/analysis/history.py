"""The history: the answers of every day that was analysed, a Parquet file a day.

    root/day=YYYY-MM-DD/comments.parquet      row, text, key, then the columns that the run's analyses added

`pandas.read_parquet(root)` and `pyarrow.dataset` read it as one table with a column `day` (their schema is that of the
first file: a day whose run had only some of the analyses lacks the columns of the others). What is to be known about a
day without reading its rows is a `DayRecord` in the metadata of its file.

A day is replaced whole: who reads meanwhile sees the earlier rows or the new ones.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis import storage
from include.analysis.column_digest import DIGEST_BYTES, ColumnDigest
from include.analysis.day_record import DayRecord, InputFile, recorded_files, tallies_of
from include.analysis.duplicates import KEY, coded_forms, keys_of
from include.analysis.errors import AnalysisError
from include.analysis.files import complete_file, read_json, remove_file
from include.analysis.leftovers import remove_leftovers
from include.analysis.run_folder import RunFolder

METADATA_KEY = b"comment_analysis_day"
FINISHED = ("success", "partial_success")
TAKEN = frozenset({"row", "text", "key", "day"})
"""Names of a custom analysis' columns that mean something else here; such a column is kept as `NAME (answer)`."""


class HistoryChanged(AnalysisError):
    """A day was recorded anew or removed while it was read."""


@dataclass(frozen=True)
class History:
    """The days that were analysed, in a folder."""

    root: Path

    def path_of(self, day: datetime.date) -> Path:
        """The file of a day, whether it exists or not."""
        return self.root / f"day={day.isoformat()}" / "comments.parquet"

    def record(
        self, day: datetime.date, run: RunFolder, run_id: str, inputs: Iterable[tuple[str | Path, int, int]] = ()
    ) -> DayRecord:
        """Put a finished run in the history as a day, instead of what there was of that day.

        `inputs` are the files that the run read: path, size in bytes, time of modification in nanoseconds.

        Raises AnalysisError when the run has not ended with answers, or began anew meanwhile.
        """
        mark, results, target = mark_of(run.results_file), finished_results(run), self.path_of(day)

        def record(digest: str, key_digest: str) -> DayRecord:
            return DayRecord(
                day=day,
                run_id=run_id,
                folder=storage.shown(run.path),
                status=results["status"],
                rows=results["summary"]["total_processed"],
                rows_with_text=results["summary"]["total_processed"] - results["data_quality"]["blank_comments"],
                tallies=tallies_of(results),
                unanswered=results["recovery"]["rows_without_answer"],
                inputs=recorded_files(results, list(starmap(InputFile, inputs))),
                content_digest=results["input"]["content_digest"],
                fingerprints=results["versions"]["analyses"],
                digest=digest,
                key_digest=key_digest,
            )

        with pq.ParquetFile(run.path / "comments.parquet") as source, complete_file(target) as temporary:
            made = DayWriter(source, results["input"]["text_column"], temporary).write(record)
            if source.metadata.num_rows != made.rows or mark_of(run.results_file) != mark:
                raise AnalysisError(f"the run in {run.path} began anew while it was recorded")
        remove_leftovers(target.parent, ".*.tmp")
        return made

    def days(self) -> list[DayRecord]:
        """The records of all days, in order.

        Raises AnalysisError when a file is none that `record` wrote.
        """
        found = []
        for folder in self.root.glob("day=*"):
            with suppress(ValueError):
                day = datetime.date.fromisoformat(folder.name.removeprefix("day="))
                if folder == self.path_of(day).parent:
                    found.append(day)
        return [record for day in sorted(found) if (record := self.day(day))]

    def day(self, day: datetime.date) -> DayRecord | None:
        """The record of a day, None when it is not in the history.

        Raises AnalysisError when its file is none that `record` wrote.
        """
        path = self.path_of(day)
        try:
            record = read_record(pq.read_metadata(path), path)
        except FileNotFoundError:
            return None
        except (pa.ArrowInvalid, OSError) as error:
            raise not_a_day(path, error) from error
        if record.day != day:
            raise not_a_day(path, ValueError(f"it holds {record.day}"))
        return record

    def remove(self, day: datetime.date) -> None:
        """Take a day out of the history, if it is there."""
        path = self.path_of(day)
        remove_file(path)
        with suppress(OSError):  # not there, or somebody writes in it
            path.parent.rmdir()

    def same_input(
        self,
        day: datetime.date,
        inputs: Iterable[tuple[str | Path, int, int]],
        fingerprints: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether a day was analysed from these files (path, size in bytes, time of modification in nanoseconds).

        They are the same when names, sizes and times are, in any order and in whatever folder. With `fingerprints`
        (see `Analysis.fingerprint`, by name) the analyses have to be the same, too.
        """
        record = self.day(day)
        if record is None or (fingerprints is not None and dict(fingerprints) != record.fingerprints):
            return False
        wanted = sorted((one.name, one.bytes, one.modified) for one in starmap(InputFile, inputs))
        known = sorted((one.name, one.bytes, one.modified) for one in record.inputs if one.modified is not None)
        return bool(wanted) and wanted == known

    def keys(self, record: DayRecord) -> Iterator[pa.Table]:
        """The columns `row` and `key` of a day, a few ten thousand rows at a time.

        Raises HistoryChanged when the day is not there any more or has other keys than the record says.
        """
        path = self.path_of(record.day)
        try:
            file = pq.ParquetFile(path)
        except FileNotFoundError as error:
            raise HistoryChanged(f"{path} was removed while it was read") from error
        with file:
            if read_record(file.metadata, path).key_digest != record.key_digest:
                raise HistoryChanged(f"{path} was replaced while it was read")
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=["row", "key"], use_threads=False)


def read_record(metadata: pq.FileMetaData, path: Path) -> DayRecord:
    """The record in the metadata of a file.

    Raises AnalysisError when there is none.
    """
    try:
        return DayRecord.from_json(metadata.metadata[METADATA_KEY])
    except (ValueError, KeyError, TypeError) as error:
        raise not_a_day(path, error) from error


def not_a_day(path: Path, error: Exception) -> AnalysisError:
    return AnalysisError(
        f"{path} is not a day of the history ({type(error).__name__}: {error}); remove it, or analyse that day again"
    )


def finished_results(run: RunFolder) -> dict[str, Any]:
    """The content of the `results.json` of a run that ended with answers.

    Raises AnalysisError when it did not.
    """
    try:
        results: dict[str, Any] = read_json(run.results_file)
    except FileNotFoundError:
        raise AnalysisError(f"{run.path} has no results.json: the run has not ended") from None
    if results["status"] not in FINISHED:
        raise AnalysisError(f"the run in {run.path} ended as {results['status']}: it has no answers to record")
    return results


def mark_of(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from the one that replaces it; None when it is not there."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


class DayWriter:
    """Writes the file of a day from the rows of a run, a row group at a time, and hashes what it writes."""

    def __init__(self, source: pq.ParquetFile, text_column: str, target: Path) -> None:
        names = source.schema_arrow.names
        answers = names[names.index("row") + 1 :]
        self.source = source
        self.columns = ["row", text_column, *answers]
        kept = [f"{name} (answer)" if name in TAKEN else name for name in answers]
        types = [source.schema_arrow.field(name).type for name in answers]
        own = [("row", pa.int64()), ("text", pa.string()), ("key", KEY)]
        self.schema = pa.schema([*own, *zip(kept, types, strict=True)])
        self.target = target
        self.digests = {name: ColumnDigest() for name in self.schema.names}

    def write(self, record: Callable[[str, str], DayRecord]) -> DayRecord:
        """Write all rows; `record` makes the record from the digests of the file and of its keys."""
        dictionaries = [name for name in self.schema.names if name not in ("row", "key")]
        with pq.ParquetWriter(self.target, self.schema, compression="zstd", use_dictionary=dictionaries) as writer:
            for group in range(self.source.num_row_groups):
                table = self.rows_of(group)
                for name, digest in self.digests.items():
                    for chunk in table.column(name).chunks:
                        digest.update(chunk)
                writer.write_table(table)
            made = record(self.digest(), self.digests["key"].hexdigest())
            writer.add_key_value_metadata({METADATA_KEY: made.to_json()})
        return made

    def rows_of(self, group: int) -> pa.Table:
        """A row group of the run's comments as it goes into the history."""
        table = self.source.read_row_group(group, columns=self.columns, use_threads=False)
        row, text, *answers = (table.column(name).combine_chunks() for name in self.columns)
        return pa.table([row, text, keys_of(coded_forms(text)), *answers], schema=self.schema)

    def digest(self) -> str:
        """A hash of the names, types and values of all columns."""
        parts = [(field.name, str(field.type), self.digests[field.name].hexdigest()) for field in self.schema]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=DIGEST_BYTES).hexdigest()
