"""A sample of comments that is the same however the rows come: those with the smallest hash of their row number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Integers

Hashes = npt.NDArray[np.uint64]


def mixed(numbers: npt.NDArray[np.integer[Any]]) -> Hashes:
    """A hash of each number, one to one: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    x = numbers.astype(np.uint64)
    x += np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


class CommentSample:
    """As many comments as `size` bytes hold, with the numbers of their rows and one label each.

    Rows are ordered by a hash of their number, and the sample is the beginning of that order: all rows of a small
    file, and of a large one a random choice that does not depend on how the rows are cut or in what order they come.
    (The sample of the union is in the union of the samples: a bottom-k sketch, with bytes for k.)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._limit = np.uint64(2**64 - 1)
        self._hashes: Hashes = np.zeros(0, np.uint64)
        self._table = pa.table(
            {"row": pa.array([], pa.int64()), "label": pa.array([], pa.int64()), "text": pa.array([], pa.string())}
        )

    def add(self, rows: Integers, labels: Integers, texts: pa.StringArray, places: Integers) -> None:
        """Offer rows, none of them twice; the text of each is at its place in `texts`."""
        hashes = mixed(rows)
        kept = np.flatnonzero(hashes < self._limit)
        offered = pa.table({"row": rows[kept], "label": labels[kept], "text": texts.take(pa.array(places[kept]))})
        self._hashes = np.concatenate((self._hashes, hashes[kept]))
        self._table = pa.concat_tables([self._table, offered])
        if self._table.nbytes > 2 * self.size:
            self._cut()

    def _cut(self) -> None:
        """Keep the beginning that fits; nothing behind it can be in the sample any more."""
        order = np.argsort(self._hashes)
        lengths = pc.binary_length(self._table.column("text")).to_numpy()[order]
        fits = int(np.searchsorted(np.cumsum(lengths + 16), self.size, side="right"))
        if fits < len(order):
            self._limit = self._hashes[order[fits]]
        kept = order[:fits]
        self._hashes, self._table = self._hashes[kept], self._table.take(pa.array(kept)).combine_chunks()

    def table(self) -> pa.Table:
        """The sampled rows in row order: `row`, `label` and `text`."""
        self._cut()
        return self._table.sort_by("row").combine_chunks()
