"""Names of kinds of arrays, and what numpy has no quick way for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Numbers = TypeVar("Numbers", bound=np.integer[Any])
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_HALF = 1 << 31
_LOWER = (1 << 32) - 1


def different(values: npt.NDArray[Numbers]) -> npt.NDArray[Numbers]:
    """The different values, ascending: `numpy.unique`, which hashes whole numbers, takes several times as long."""
    ascending = np.sort(values, kind="stable")
    fresh = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=fresh[1:])
    return ascending[fresh]


def without(values: npt.NDArray[Numbers], others: npt.NDArray[Numbers]) -> npt.NDArray[Numbers]:
    """The values that are not among the others; all ascend."""
    if not len(others):
        return values
    place = np.minimum(np.searchsorted(others, values), len(others) - 1)
    absent: npt.NDArray[Numbers] = values[others[place] != values]
    return absent


def paired(left: Integers, right: Integers) -> Integers:
    """Pairs of numbers below 2**31 as one number each, the smaller one first."""
    return (np.minimum(left, right) << 32) | np.maximum(left, right)


def unpaired(pairs: Integers) -> tuple[Integers, Integers]:
    """The smaller and the larger number of each pair (see `paired`)."""
    return pairs >> 32, pairs & _LOWER


def order_of_keys(keys: Integers) -> Integers:
    """The order of keys of two columns, equal ones as they come; mostly the first column alone tells them apart."""
    order: Integers = np.argsort(keys[:, 0], kind="stable")
    first, second = keys.take(order, axis=0).T
    if ((first[1:] == first[:-1]) & (second[1:] != second[:-1])).any():
        order = np.lexsort((keys[:, 1], keys[:, 0]))
    return order


@dataclass(frozen=True)
class PairedColumns:
    """The columns of a table of whole numbers, two in each of `pairs`, so that one addition adds two.

    The sums asked for must be less than 2**31 either way.
    """

    pairs: tuple[Integers, ...]
    columns: int

    @classmethod
    def of(cls, table: npt.NDArray[np.integer[Any]]) -> PairedColumns:
        """The columns of a table of shape (rows, columns), with a last row of nothing."""
        rows, columns = table.shape
        padded = np.zeros((rows + 1, columns + columns % 2), np.int64)
        padded[:-1, :columns] = table
        return cls(
            tuple(lower + (upper << 32) for lower, upper in zip(padded.T[::2], padded.T[1::2], strict=True)), columns
        )

    @property
    def nothing(self) -> int:
        """The row that adds nothing."""
        return len(self.pairs[0]) - 1

    def sums(self, rows: npt.NDArray[np.integer[Any]], bounds: npt.NDArray[np.integer[Any]]) -> Integers:
        """The sums of the table's `rows` between neighbouring bounds, of shape (bounds - 1, columns)."""
        found = np.zeros((len(bounds) - 1, 2 * len(self.pairs)), np.int64)
        filled = np.flatnonzero(np.diff(bounds))  # of no rows numpy has no sum
        if len(filled):
            rows, starts = rows[: bounds[-1]], bounds.take(filled)
            for place, pair in enumerate(self.pairs):
                both = np.add.reduceat(pair.take(rows), starts)
                lower = ((both + _HALF) & _LOWER) - _HALF
                found[filled, 2 * place], found[filled, 2 * place + 1] = lower, (both - lower) >> 32
        return found[:, : self.columns]
