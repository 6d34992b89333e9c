"""What a run left in its folder, as the report reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis.errors import CorruptInput, InputNotFound
from include.analysis.files import read_json
from include.analysis.privacy import mask_columns
from include.analysis.report.columns import InputColumns, recognise
from include.analysis.row_groups import rows_of

ROWS_AT_ONCE = 8_192
BYTES_AT_ONCE = 8 << 20


@dataclass(frozen=True)
class StoredRun:
    """The results of a run: `results.json` and `comments.parquet`, nothing else.

    With `masked` all tables of it have the personal data of the export's columns masked.
    """

    folder: Path
    results: dict[str, Any]
    masked: bool = False

    @classmethod
    def load(cls, folder: Path, masked: bool = False) -> StoredRun:
        """The results in a folder.

        Raises InputNotFound when they are not complete and CorruptInput when they cannot be read.
        """
        for name in ("results.json", "comments.parquet"):
            if not (folder / name).is_file():
                raise InputNotFound(f"{folder} holds no {name}; give the folder of a run that has ended")
        try:
            run = cls(folder, read_json(folder / "results.json"), masked)
            assert run.schema.names[run.own_columns] == "row"
        except (ValueError, KeyError, AssertionError, IndexError, TypeError, pa.ArrowInvalid) as error:
            raise CorruptInput(f"{folder} does not hold the results of a run ({type(error).__name__})") from error
        return run

    @cached_property
    def schema(self) -> pa.Schema:
        return pq.read_schema(self.folder / "comments.parquet")

    @property
    def own_columns(self) -> int:
        """How many columns the export has; those of the answers follow."""
        return len(self.results["input"]["columns"])

    @cached_property
    def columns(self) -> InputColumns:
        """The columns of the export that the report understands."""
        told = self.results["input"]
        return recognise(self.schema.names[: self.own_columns], told["text_column"], told.get("date_column"))

    @cached_property
    def answers(self) -> frozenset[str]:
        """Names of the columns that the analyses added."""
        return frozenset(self.schema.names[self.own_columns + 1 :])

    @property
    def analyses(self) -> list[str]:
        """The analyses that were asked for, in the order of the run."""
        return list(self.results.get("versions", {}).get("analyses", {}))

    @property
    def status(self) -> str:
        return str(self.results["status"])

    def section(self, name: str) -> dict[str, Any]:
        """What `results.json` holds under a name; empty when there is nothing."""
        found = self.results.get(name)
        return found if isinstance(found, dict) else {}

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in input order, a bounded number of rows and of bytes at a time."""
        with pq.ParquetFile(self.folder / "comments.parquet") as file:
            for batch in rows_of(file, ROWS_AT_ONCE, columns):
                table = pa.Table.from_batches([batch])
                rows = max(1, min(table.num_rows, table.num_rows * BYTES_AT_ONCE // max(1, table.nbytes)))
                for start in range(0, table.num_rows, rows):
                    yield self._shown(table.slice(start, rows))

    def _shown(self, table: pa.Table) -> pa.Table:
        if not self.masked:
            return table
        own = [name for name in self.schema.names[: self.own_columns] if name in table.column_names]
        return mask_columns(table, own, self.columns.text)
