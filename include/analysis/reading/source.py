"""What a reader gives: a description of the input, its rows as Arrow tables, and what had to be mended in them."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.analysis.errors import NoRows
from include.analysis.strings import string_array

CHUNK_ROWS = 8192
REPORTED_ROWS = 100  # ragged rows told one by one; the others are counted
REPORTED_LINES = 20  # lines with repaired characters told one by one

_CHUNK_BYTES = 64 * 1024 * 1024
_SUMS = ("rows", "blank_lines", "ragged_rows", "unclosed_quotes", "repaired_characters", "removed_nul")


@dataclass(frozen=True)
class ReadOptions:
    """What the user knows about the input; None means: detect it.

    `sheet` is for workbooks; `encoding` and `delimiter` are for text files. Each is ignored for the other kind.
    """

    text_column: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class SourceInfo:
    """What the input is.

    `format` is "csv", "tsv", "xlsx", "xls" or "dataframe", `compression` "gzip" or None, `bytes` the size of the file.
    `header_line` is the line (of a text file) or row (of a sheet) of the header, counted from 1; 0 for a DataFrame.
    `columns` are the names in the output, and `renamed_columns` maps those that differ in the input to them.
    `detected` names the options that were detected rather than given.

    Of several files that are one input `files` describes each, and the fields above all of them: `path` is None,
    `bytes` their sum, and what is not the same in all is None (`format`: "mixed"; `header_line`: 0).
    Of an input that is read by day `date_column` and `date_order` ("day-first" or "month-first") tell how its days are
    known, and `day` is the one that is read.
    """

    name: str
    path: Path | None
    format: str
    compression: str | None
    bytes: int
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_line: int
    columns: tuple[str, ...]
    renamed_columns: dict[str, str]
    text_column: str
    detected: tuple[str, ...]
    files: tuple[SourceInfo, ...] = ()
    date_column: str | None = None
    date_order: str | None = None
    day: datetime.date | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that the input is read from, in order; none for a DataFrame."""
        return tuple(one.path for one in self.files or (self,) if one.path is not None)

    def to_dict(self) -> dict[str, Any]:
        """Everything, fit for JSON; `files` and what is about days only where there are any."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        later = {name: values.pop(name) for name in ("files", "date_column", "date_order", "day")}
        values["path"] = None if self.path is None else str(self.path)
        values |= {"columns": list(self.columns), "detected": list(self.detected)}
        later["files"] = [one.to_dict() for one in self.files]
        later["day"] = None if self.day is None else self.day.isoformat()
        return {**values, **{name: value for name, value in later.items() if value}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SourceInfo:
        """What `to_dict` gave."""
        day = values.get("day")
        given = {
            **values,
            "path": None if values["path"] is None else Path(values["path"]),
            "columns": tuple(values["columns"]),
            "detected": tuple(values["detected"]),
            "files": tuple(map(cls.from_dict, values.get("files", ()))),
            "day": None if day is None else datetime.date.fromisoformat(day),
        }
        return cls(**given)


@dataclass
class SourceQuality:
    """What was found in the rows while they were read; complete once the chunks are exhausted.

    `blank_lines` hold nothing at all and are skipped. `ragged_rows` counts the rows that did not have as many cells as
    the header or whose quote is never closed (`unclosed_quotes`); `ragged` tells the first of them. Characters are
    repaired when bytes do not decode in the encoding that was detected: they are read as cp1252.

    Of several files that are one input these are the sums; what is told of a line says which file it is in (`ragged`:
    "file"; `repaired_lines`: "file:line"), and `empty_files` are those that held no rows.
    Of one day of an export `rows` and `undated_rows` (those without a date, which follow the row before them) are of
    the day; everything else was counted in the `export_rows` rows of the whole export.
    """

    rows: int = 0
    blank_lines: int = 0
    ragged_rows: int = 0
    ragged: list[dict[str, Any]] = field(default_factory=list)
    unclosed_quotes: int = 0
    repaired_characters: int = 0
    repaired_lines: list[int | str] = field(default_factory=list)
    removed_nul: int = 0
    empty_files: list[str] | None = None
    undated_rows: int | None = None
    export_rows: int | None = None

    def reset(self) -> None:
        """Forget everything, for another pass."""
        fresh = SourceQuality()
        for item in fields(self):
            setattr(self, item.name, getattr(fresh, item.name))

    def add_ragged(self, line: int, row: int, cells: int, expected: int, action: str) -> None:
        """Count a ragged row; `line` is where it begins in the file, `row` its number among the rows of data."""
        self.ragged_rows += 1
        if len(self.ragged) < REPORTED_ROWS:
            self.ragged.append({"line": line, "row": row, "cells": cells, "expected": expected, "action": action})

    def add_repaired(self, line: int, characters: int) -> None:
        """Count characters that were decoded otherwise than the rest of the file."""
        self.repaired_characters += characters
        if len(self.repaired_lines) < REPORTED_LINES and line not in self.repaired_lines:
            self.repaired_lines.append(line)

    def add_file(self, file: str, found: SourceQuality) -> None:
        """Add what was found in a file whose rows follow those so far."""
        for entry in found.ragged[: REPORTED_ROWS - len(self.ragged)]:
            self.ragged.append({"file": file, **entry, "row": self.rows + entry["row"]})
        lines = found.repaired_lines[: REPORTED_LINES - len(self.repaired_lines)]
        self.repaired_lines += [f"{file}:{line}" for line in lines]
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(found, name))
        self.empty_files = [*(self.empty_files or []), *([] if found.rows else [file])]

    def to_dict(self) -> dict[str, Any]:
        """Everything, fit for JSON; what is only known of several files or of a day only where it is."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Source(ABC):
    """An input that was recognised and is ready to be read.

    `estimated_rows` comes from a sample of the start (text files) or is the height of the sheet; `bytes_per_row` is
    the average size of a row, decoded, in the sample.
    """

    def __init__(self, info: SourceInfo, estimated_rows: int, bytes_per_row: float) -> None:
        self.info = info
        self.estimated_rows = estimated_rows
        self.bytes_per_row = bytes_per_row
        self.quality = SourceQuality()
        self._digest: str | None = None

    @property
    def content_digest(self) -> str | None:
        """BLAKE2b (16 bytes, hexadecimal) of the file's bytes, once the chunks are exhausted; None for a DataFrame.

        Of several files: of their digests, in order. Of a day of an export: of the day and its rows, so that it stays
        the same when the export grows by other days.
        """
        return self._digest

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[pa.Table]:
        """All rows in order, as tables of at most `rows` rows whose columns are strings without nulls.

        A table has fewer rows when they are large (64 MiB) or at the end. Each call reads the input anew.

        Raises:
            NoRows: there is a header but not one row of data.
            EncodingMismatch, CorruptInput: met on the way in a text file.
        """
        if rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        self.quality.reset()
        self._digest = None
        yield from _tables(self._batches(), rows)
        if not self.quality.rows:
            raise self._no_rows()

    def release(self) -> None:  # noqa: B027
        """Let go of what opening has left in memory; reading loads it again."""

    def _no_rows(self) -> NoRows:
        return no_rows(self.info.name)

    @abstractmethod
    def _batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order, in batches of any size; keeps the counts of `quality` and sets `_digest` at the end."""


def no_rows(what: str) -> NoRows:
    """The error for an input that has a header and nothing else."""
    return NoRows(f"{what} has a header and no rows; an export with at least one comment is needed")


def _tables(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    count = size = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        size += batch.nbytes
        if count < rows and size < _CHUNK_BYTES:
            continue
        table = pa.Table.from_batches(waiting)
        done = 0
        while count - done >= rows:
            yield table.slice(done, rows).combine_chunks()
            done += rows
        if done < count and size >= _CHUNK_BYTES:
            yield table.slice(done).combine_chunks()
            done = count
        waiting = table.slice(done).to_batches() if done < count else []
        count, size = count - done, sum(batch.nbytes for batch in waiting)
    if count:
        yield pa.Table.from_batches(waiting).combine_chunks()


def record_batch(rows: Iterable[Sequence[str]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows of equal length, one cell for each field of the schema, as columns of strings."""
    return pa.RecordBatch.from_arrays([string_array(column) for column in zip(*rows, strict=True)], schema=schema)


def string_schema(columns: Sequence[str]) -> pa.Schema:
    """The schema of a table in which every column is a string."""
    return pa.schema([pa.field(name, pa.string()) for name in columns])
