"""What an analysis is: a merge-able sum over slices of rows.

    analyse(rows) -> Part      merge(Partial, Partial) -> Partial      summarise(Partial) -> dict

`merge` must be associative and commutative, so that the answer cannot depend on batch size, order, workers, retries
or where a failure cut a batch in two. Floats do not add associatively: partials hold integers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

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

    @abstractmethod
    def analyse(self, rows: Rows) -> Part:
        """Analyse one slice."""

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Merge the partials of two disjoint sets of rows: by default every number is added."""
        return add_counts(left, right)

    @abstractmethod
    def summarise(self, partial: Partial) -> dict[str, Any]:
        """The section of `results.json` for the merged partial of all rows."""

    def fingerprint(self) -> str:
        """What the answers depend on besides the rows; override when options or data files take part."""
        return f"{self.name}-{self.version}"


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
