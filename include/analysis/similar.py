"""Groups of texts that are nearly the same, however many texts there are.

Candidates come from MinHash (see `sketches`), found in the manner of an LSH forest (Bawa, Condie and Ganesan, "LSH
Forest", 2005): the texts are sorted by their hash values, once for each of several starting points, and each text is
compared with its next neighbours in each order. So the work grows with the number of texts and not with its square, and
how many hash values neighbours share adapts to how crowded the data is.

Two texts are nearly the same when their normalised Indel similarity (rapidfuzz) is high enough: 1 less the number of
characters to insert and delete to make one of the other, as a share of the characters of both. One word more or less
costs each of its letters once, a wrong letter costs two.

Groups are stars (see `stars`): every text of a group is nearly the same as its centre, and the groups follow from the
set of texts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import Indel
from rapidfuzz.process import cpdist

from include.analysis.arrays import Flags, Integers, different, paired, unpaired, without
from include.analysis.memory import release_unused
from include.analysis.sampling import mixed
from include.analysis.sketches import COLUMNS, LETTERS, Sketches, letter_counts
from include.analysis.spill import ROWS_REMEMBERED, MappedRows, Spill
from include.analysis.stars import stars
from include.analysis.strings import contents
from include.analysis.threads import ahead

SIMILARITY = 0.9
SHORTEST = 10
"""Characters of the shortest text that is compared: one letter in a shorter one mostly makes another word of it."""

NEIGHBOURS = 2
SHARED_BITS = 32  # neighbours share at least two hash values
FEWEST_EQUAL = 8  # hash values of candidates: a Jaccard similarity of a quarter

FORMS_PER_SHARD = 1 << 17
FORMS_PER_BUCKET = 1 << 15
PAIRS_AT_ONCE = 1 << 14
PAIRS_TOGETHER = 1 << 18
ROUNDS = 3


class SimilarForms:
    """Different normal forms, added in some order, and the groups among them; what is large lies in a folder."""

    def __init__(self, folder: Path, similarity: float = SIMILARITY) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.similarity = similarity
        self._folder = folder
        self._texts = MappedRows(folder / "texts.bin", np.uint8, 1)
        self._sketches = MappedRows(folder / "sketches.bin", np.uint64, COLUMNS)
        self._letters = MappedRows(folder / "letters.bin", np.uint8, LETTERS)
        self._bounds = MappedRows(folder / "bounds.bin", np.int64, 1)  # of the texts in their file
        self._bounds.add(np.zeros(1, np.int64))
        self._lengths: list[npt.NDArray[Any]] = []

    def __len__(self) -> int:
        return len(self._sketches)

    def add(self, forms: pa.StringArray, sketched: Sketches) -> None:
        """Add different normal forms (none that was added before) with their sketches."""
        ends = np.cumsum(pc.binary_length(forms).to_numpy(zero_copy_only=False), dtype=np.int64)
        self._bounds.add(len(self._texts) + ends)
        self._texts.add(np.frombuffer(contents(forms), np.uint8))
        self._sketches.add(sketched)
        self._letters.add(letter_counts(forms))
        self._lengths.append(_small(pc.utf8_length(forms).to_numpy(zero_copy_only=False)))

    def groups(self) -> tuple[Integers, Integers]:
        """The forms that are nearly the same as another one that is the centre of their group, ascending, and it.

        Forms are numbered in the order in which they were added; between equals the first decides.
        """
        if len(self) < 2:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._lengths = [np.concatenate(self._lengths)]
        texts = _MappedTexts(self._texts, self._bounds)
        search = _Search(self._sketches, self._letters, texts, self._lengths[0], self.similarity)
        near = search.near_pairs(Spill(self._folder / "pairs", 1))
        tried, groups = near, stars(near)
        for _ in range(ROUNDS):
            release_unused()
            more = without(search.friends(near, *groups), tried)
            release_unused()
            found = search.near_among(more)
            if not len(found):
                break
            tried, near = different(np.concatenate((tried, more))), different(np.concatenate((near, found)))
            release_unused()
            groups = stars(near)
        return groups


def _small(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers, none below 0, in as few bytes each as the largest needs: there is one for each form."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def _cut(pairs: Integers) -> Iterator[Integers]:
    """The same pairs, so many at once that work on them takes little memory."""
    for start in range(0, len(pairs), PAIRS_TOGETHER):
        yield pairs[start : start + PAIRS_TOGETHER]


class _MappedTexts:
    """Texts of which the bytes lie one after another in a file, and in another where each begins and the last ends."""

    def __init__(self, texts: MappedRows, bounds: MappedRows) -> None:
        self._files = (texts, bounds)
        self._texts = pa.LargeStringArray.from_buffers(
            len(bounds) - 1, pa.py_buffer(bounds.rows.ravel()), pa.py_buffer(texts.rows.ravel())
        )

    def at(self, places: Integers) -> list[str]:
        """The texts at these places, which stay in memory until `forget` is called."""
        found: list[str] = self._texts.take(pa.array(places)).to_pylist()
        return found

    def forget(self) -> None:
        """See `MappedRows.forget`."""
        for file in self._files:
            file.forget()


class _Search:
    """Finds the pairs of forms that are nearly the same."""

    def __init__(
        self,
        sketched: MappedRows,
        letters: MappedRows,
        texts: _MappedTexts,
        lengths: npt.NDArray[Any],
        similarity: float,
    ) -> None:
        self.sketched = sketched
        self.letters = letters
        self.texts = texts
        self.lengths = lengths
        self.similarity = similarity

    def near_pairs(self, candidates: Spill) -> Integers:
        """All pairs of neighbours that are nearly the same, ascending."""
        release_unused()
        for pairs in ahead(self._neighbours, self._orders()):
            candidates.add(pairs.reshape(-1, 1), unpaired(pairs)[0] // FORMS_PER_BUCKET)
            release_unused()
        buckets = range(-(-len(self.lengths) // FORMS_PER_BUCKET))
        found = [np.zeros(0, np.int64)]
        for pairs in ahead(lambda bucket: self._near(different(candidates.read(bucket).ravel())), buckets):
            found.append(pairs)
            release_unused()
        return np.concatenate(found)

    def near_among(self, pairs: Integers) -> Integers:
        """Of ascending pairs those that are nearly the same."""
        found = [pairs[:0]]
        for near in ahead(self._verified, _cut(pairs)):
            found.append(near)
            release_unused()
        return np.concatenate(found)

    def friends(self, near: Integers, members: Integers, centre_of: Integers) -> Integers:
        """The able pairs of a form with the centre of a form near to it, and of both centres, in different groups."""
        found = [near[:0]]
        for some in _cut(near):
            left, right = unpaired(some)
            centres, others = (_looked_up(forms, members, centre_of) for forms in (left, right))
            pairs = np.concatenate([paired(centres, right), paired(left, others), paired(centres, others)])
            ends = unpaired(pairs)
            apart = np.tile(centres != others, 3) & (ends[0] != ends[1])
            found.append(different(self.able(pairs[apart])))
        return different(np.concatenate(found))

    def _orders(self) -> Iterator[tuple[int, Integers]]:
        """A column of hash values to sort by, and forms, so that all that share its first SHARED_BITS are there."""
        shards = -(-len(self.lengths) // FORMS_PER_SHARD)
        shard_of = np.empty(len(self.lengths), np.min_scalar_type(shards - 1))
        for column in range(COLUMNS):
            for start in range(0, len(shard_of), ROWS_REMEMBERED):
                some = slice(start, start + ROWS_REMEMBERED)
                shared = self.sketched.rows[some, column] >> np.uint64(64 - SHARED_BITS)
                shard_of[some] = mixed(shared) % np.uint64(shards)
                self.sketched.forget()
            for shard in range(shards):
                yield column, np.flatnonzero(shard_of == shard)

    def _neighbours(self, order: tuple[int, Integers]) -> Integers:
        """The able pairs of forms that are near each other in an order and share their first hash values."""
        column, forms = order
        leading, second = (self.sketched.at(forms, place % COLUMNS) for place in (column, column + 1))
        sorting = np.lexsort((second, leading))
        forms, leading = forms[sorting], leading[sorting] >> np.uint64(64 - SHARED_BITS)
        found = []
        for distance in range(1, NEIGHBOURS + 1):
            shared = leading[distance:] == leading[:-distance]
            found.append(self.able(paired(forms[:-distance][shared], forms[distance:][shared])))
        return np.concatenate(found)

    def _near(self, pairs: Integers) -> Integers:
        """The pairs that are nearly the same, of those that have enough hash values in common."""
        return self._verified(self._alike(pairs))

    def able(self, pairs: Integers) -> Integers:
        """The pairs of which both are long enough, and of lengths that may be so similar."""
        left, right = (self.lengths[forms].astype(np.int64) for forms in unpaired(pairs))
        kept = (np.minimum(left, right) >= SHORTEST) & (np.abs(left - right) <= self._apart(left + right))
        able: Integers = pairs[kept]
        return able

    def _apart(self, characters: Integers) -> npt.NDArray[np.floating[Any]]:
        """How many characters may at most be inserted and deleted between two texts of so many together."""
        apart: npt.NDArray[np.floating[Any]] = (1 - self.similarity) * characters + 1e-9
        return apart

    def _alike(self, pairs: Integers) -> Integers:
        """The pairs that have enough hash values in common to be worth reading."""

        def alike(left: Integers, right: Integers) -> Flags:
            values, others = (self.sketched.rows[forms].view(np.uint16) for forms in (left, right))
            enough: Flags = (values == others).sum(axis=1) >= FEWEST_EQUAL
            return enough

        return _sifted(pairs, alike, self.sketched)

    def _verified(self, pairs: Integers) -> Integers:
        """The pairs that are nearly the same, ascending."""

        def similar(left: Integers, right: Integers) -> Flags:
            scores = cpdist(
                *(self.texts.at(forms) for forms in (left, right)),
                scorer=Indel.normalized_similarity,
                score_cutoff=self.similarity - 1e-6,
                dtype=np.float64,
                workers=1,
            )
            near: Flags = scores >= self.similarity - 1e-9
            return near

        return _sifted(self._of_like_letters(pairs), similar, self.texts)

    def _of_like_letters(self, pairs: Integers) -> Integers:
        """The pairs whose letters are so alike that the texts may be."""

        def alike(left: Integers, right: Integers) -> Flags:
            counts, others = (self.letters.rows[forms] for forms in (left, right))
            apart = (np.maximum(counts, others) - np.minimum(counts, others)).sum(axis=1, dtype=np.int64)
            near_enough: Flags = apart <= self._apart(self.lengths[left].astype(np.int64) + self.lengths[right])
            return near_enough

        return _sifted(pairs, alike, self.letters)


def _sifted(
    pairs: Integers, passes: Callable[[Integers, Integers], Flags], read: MappedRows | _MappedTexts
) -> Integers:
    """The pairs that pass a test which reads what is mapped, ascending.

    They are asked in such an order that what is read lies close together, and little of it is in memory at once.
    """
    left, right = unpaired(pairs)
    bucket, window = left // FORMS_PER_BUCKET, right // ROWS_REMEMBERED
    order = np.lexsort((right, bucket))
    leaves = np.diff(bucket[order], prepend=-1) | np.diff(window[order], prepend=-1)
    edges = np.append(np.flatnonzero(leaves), len(pairs))
    kept = [pairs[:0]]
    for first, after in pairwise(edges.tolist()):
        for start in range(first, after, PAIRS_AT_ONCE):
            some = pairs[order[start : min(after, start + PAIRS_AT_ONCE)]]
            kept.append(some[passes(*unpaired(some))])
        read.forget()
    return np.sort(np.concatenate(kept))


def _looked_up(forms: Integers, members: Integers, centre_of: Integers) -> Integers:
    """The centre of the group of each form; itself where it is a centre."""
    place = np.searchsorted(members, forms)
    place[place == len(members)] = 0
    found: Integers = np.where(members[place] == forms, centre_of[place], forms)
    return found
