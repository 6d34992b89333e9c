"""What a reader gives: a description of the input, its rows as Arrow tables, and what had to be mended in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.analysis.errors import NoRows
from include.analysis.text import string_array

CHUNK_ROWS = 8192
REPORTED_ROWS = 100  # ragged rows told one by one; the others are counted
REPORTED_LINES = 20  # lines with repaired characters told one by one

_CHUNK_BYTES = 64 * 1024 * 1024


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

    def to_dict(self) -> dict[str, Any]:
        """Everything, fit for JSON."""
        path = None if self.path is None else str(self.path)
        return {**asdict(self), "path": path, "columns": list(self.columns), "detected": list(self.detected)}


@dataclass
class SourceQuality:
    """What was found in the rows while they were read; complete once the chunks are exhausted.

    `blank_lines` hold nothing at all and are skipped. `ragged_rows` counts the rows that did not have as many cells as
    the header or whose quote is never closed (`unclosed_quotes`); `ragged` tells the first of them. Characters are
    repaired when bytes do not decode in the encoding that was detected: they are read as cp1252.
    """

    rows: int = 0
    blank_lines: int = 0
    ragged_rows: int = 0
    ragged: list[dict[str, Any]] = field(default_factory=list)
    unclosed_quotes: int = 0
    repaired_characters: int = 0
    repaired_lines: list[int] = field(default_factory=list)
    removed_nul: int = 0

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

    def to_dict(self) -> dict[str, Any]:
        """Everything, fit for JSON."""
        return asdict(self)


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
        """BLAKE2b (16 bytes, hexadecimal) of the file's bytes, once the chunks are exhausted; None for a DataFrame."""
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
            raise no_rows(self.info.name)

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
