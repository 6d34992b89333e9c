"""What an analysis is: a merge-able sum over slices of rows.

    analyse(rows) -> Part      merge(Partial, Partial) -> Partial      summarise(Partial) -> dict

`merge` must be associative and commutative, so that the answer cannot depend on batch size, order, workers, retries
or where a failure cut a batch in two. Floats do not add associatively: partials hold integers.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pyarrow as pa

from include.analysis.settings import Settings

if TYPE_CHECKING:
    from include.analysis.parts import StoredPart

Partial = dict[str, Any]
"""Counts and integer sums in nested dictionaries, fit for JSON."""


@dataclass(frozen=True)
class Rows:
    """A slice of the input: `texts[i]` is the comment of row number `start + i` (rows are numbered from 1).

    `table` holds the input columns that the analysis names in `columns`, where the input has them, as strings.
    """

    start: int
    texts: pa.StringArray
    table: pa.Table

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Part:
    """What an analysis found in one slice: its partial, and its answers, one row for each row of the slice."""

    partial: Partial
    answers: pa.Table


class Analysis(ABC):
    """One question asked of every comment. A custom analysis is a subclass in a module named in the settings.

    `name` is the report section and the task; `version` changes whenever the answers do; `schema` gives the columns
    that are added to each row; `columns` names input columns that are wanted beside the text.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    schema: ClassVar[pa.Schema]
    columns: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Make the analysis for a deployment; override to take options from its settings."""
        return cls()

    @abstractmethod
    def analyse(self, rows: Rows) -> Part:
        """Analyse one slice."""

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Merge the partials of two disjoint sets of rows: by default every number is added."""
        return add_counts(left, right)

    @abstractmethod
    def summarise(self, partial: Partial) -> dict[str, Any]:
        """The section of `results.json` for the merged partial of all rows."""

    @property
    def part_schema(self) -> pa.Schema:
        """Columns of the answers in a part; override when they differ from what is added to each row in the end."""
        return self.schema

    def reduce(self, parts: Sequence[StoredPart], scratch: Path) -> Reduction:
        """Merge the partials of all parts (in row order); `scratch` is a folder for what does not fit in memory."""
        return Reduction(self, self.merge_all(part.partial() for part in parts))

    def merge_all(self, partials: Iterable[Partial]) -> Partial:
        """Merge any number of partials; empty ones (every row quarantined) add nothing."""
        filled = [partial for partial in partials if partial]
        return functools.reduce(self.merge, filled) if filled else {}

    def fingerprint(self) -> str:
        """What the answers depend on besides the rows; override when options or data files take part."""
        return f"{self.name}-{self.version}"


class Reduction:
    """The merged answer of an analysis for all rows."""

    def __init__(self, analysis: Analysis, partial: Partial) -> None:
        self.analysis = analysis
        self.partial = partial

    def example_rows(self) -> Collection[int]:
        """Numbers of the rows whose text the section wants to show."""
        return ()

    @property
    def finish_schema(self) -> pa.Schema:
        """The columns of the parts that `finish` reads, at least one: by default all."""
        return self.analysis.part_schema

    def finish(self, start: int, answers: pa.Table) -> pa.Table:
        """The final answers of the rows from `start` on, from those in the parts. Called once a row, in row order."""
        return answers

    def observe(self, rows: Rows, answers: Mapping[str, pa.Table]) -> None:
        """See rows with the final answers of every analysis of the run, by name. Called once a row, in row order.

        Where an analysis has no answer for a row, its columns are null. How many rows come at once depends on how
        the input was cut; what is kept of them must not.
        """

    def section(self, examples: Mapping[int, str]) -> dict[str, Any]:
        """The section of `results.json`, given the texts of `example_rows`; empty when no row has an answer.

        Called last, when all rows have been observed.
        """
        return self.analysis.summarise(self.partial) if self.partial else {}


def add_counts(left: Partial, right: Partial) -> Partial:
    """Add two nested dictionaries of integers, key by key; a key that one of them lacks counts as zero."""
    total = dict(left)
    for key, value in right.items():
        if key not in total:
            total[key] = value
        elif isinstance(value, dict):
            total[key] = add_counts(total[key], value)
        else:
            total[key] += value
    return total
