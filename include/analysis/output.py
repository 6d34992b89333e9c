"""The file given back: every input row with its answers, as Parquet and as CSV for Excel."""

from __future__ import annotations

import codecs
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from include.analysis.files import complete_file
from include.analysis.memory import release_unused
from include.analysis.strings import byte_at

ROWS_PER_GROUP = 65_536
"""Rows in a Parquet row group and a CSV block, whatever the batches were, so that the bytes do not depend on them."""

ROWS_AT_ONCE = 8_192
"""Rows that are made into CSV at once, which takes several times their memory."""

FORMULA = r"^'*[=+\-@\t\r]"
SUSPECT = np.frombuffer(b"'=+-@\t\r", np.uint8)
HARMLESS = r"^[+\-]*(\d[\d.,]*)?$"


class CommentsWriter:
    """Writes `comments.parquet` and `comments.csv`, beside each other; neither exists before both are complete."""

    def __init__(self, parquet: Path, csv: Path, schema: pa.Schema) -> None:
        self.paths = (parquet, csv)
        self.schema = schema
        self.waiting: list[pa.Table] = []
        self.rows_waiting = 0

    def __enter__(self) -> Self:
        self.stack = ExitStack()
        parquet, csv = (self.stack.enter_context(complete_file(path)) for path in self.paths)
        self.parquet = self.stack.enter_context(pq.ParquetWriter(parquet, self.schema, compression="zstd"))
        file = self.stack.enter_context(csv.open("wb"))
        file.write(codecs.BOM_UTF8)
        self.csv = self.stack.enter_context(pa_csv.CSVWriter(file, csv_schema(self.schema)))
        self.beside = self.stack.enter_context(ThreadPoolExecutor(2))
        self.pending: list[Future[None]] = []
        return self

    def write(self, table: pa.Table) -> None:
        """Add rows; they reach the files in groups of ROWS_PER_GROUP."""
        self.waiting.append(table)
        self.rows_waiting += table.num_rows
        if self.rows_waiting >= ROWS_PER_GROUP:
            joined = pa.concat_tables(self.waiting)
            whole = joined.num_rows // ROWS_PER_GROUP * ROWS_PER_GROUP
            for start in range(0, whole, ROWS_PER_GROUP):
                self._write_group(joined.slice(start, ROWS_PER_GROUP))
            self.waiting = [joined.slice(whole)]
            self.rows_waiting -= whole

    def _write_group(self, table: pa.Table) -> None:
        table = table.combine_chunks()  # the encoders' page limits would show where chunks begin
        self._finish_group()
        self.pending = [self.beside.submit(write, table) for write in (self.parquet.write_table, self._write_csv)]

    def _write_csv(self, table: pa.Table) -> None:
        for start in range(0, table.num_rows, ROWS_AT_ONCE):
            self.csv.write_table(neutralised(table.slice(start, ROWS_AT_ONCE)))

    def _finish_group(self) -> None:
        """Wait until the group before is in both files."""
        for one in self.pending:
            one.result()
        self.pending = []
        release_unused()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.stack.__exit__(kind, error, trace)
            return
        with self.stack:
            if self.rows_waiting:
                self._write_group(pa.concat_tables(self.waiting))
            self._finish_group()


def write_csv(path: Path, table: pa.Table) -> None:
    """Write a table as CSV that opens right in a spreadsheet."""
    with path.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        pa_csv.write_csv(neutralised(table.combine_chunks()), file)


def csv_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with column names that a spreadsheet does not take for formulas."""
    names = neutralise(pa.array(schema.names)).to_pylist()
    return pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])


def neutralised(table: pa.Table) -> pa.Table:
    """The table as it goes to CSV: cells that a spreadsheet would run are made text, empty texts are left empty."""
    columns = []
    for column in table.itercolumns():
        if not pa.types.is_string(column.type):
            columns.append(column)
            continue
        cells = neutralise(column.combine_chunks())
        columns.append(pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells))
    return pa.table(columns, schema=csv_schema(table.schema))


def neutralise(cells: pa.StringArray) -> pa.StringArray:
    """Put an apostrophe before cells that begin with = + - @, tab or carriage return (formula injection).

    Plain numbers and lone signs stay. To be reversible, cells that begin so after apostrophes get one more: the
    original is had by removing one apostrophe from every cell that begins with apostrophes and one of these signs.
    """
    places = np.flatnonzero(np.isin(byte_at(cells, 0), SUSPECT))
    suspects = cells.take(pa.array(places))
    risky = pc.and_(
        pc.match_substring_regex(suspects, FORMULA), pc.invert(pc.match_substring_regex(suspects, HARMLESS))
    )
    if not pc.any(risky).as_py():
        return cells
    flags = np.zeros(len(cells), bool)
    flags[places[risky.to_numpy(zero_copy_only=False)]] = True
    return pc.if_else(pa.array(flags), pc.binary_join_element_wise("'", cells, ""), cells)
