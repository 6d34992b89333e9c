"""Groups of texts that are nearly the same, however many texts there are.

Candidates come from MinHash (Broder, 1997) over runs of three characters, found in the manner of an LSH forest (Bawa,
Condie and Ganesan, "LSH Forest", 2005): the texts are sorted by their hash values, once for each of several starting
points, and each text is compared with its next neighbours in each order. So the work grows with the number of texts
and not with its square, and how many hash values neighbours share adapts to how crowded the data is. rensa computes
the hash values; its own index is not used, because it holds all texts in memory and depends on the order of insertion.

Two texts are nearly the same when their normalised Indel similarity (rapidfuzz) is high enough: 1 less the number of
characters to insert and delete to make one of the other, as a share of the characters of both. One word more or less
costs each of its letters once, a wrong letter costs two.

Groups are stars (Aslam, Pelekhov and Rus, "The star clustering algorithm", 2004): the text with the most near texts
and these are a group, then what is left. So every text of a group is nearly the same as its centre, no chain of small
steps leads away from it, and the groups follow from the set of texts alone.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import Indel
from rapidfuzz.process import cpdist
from rensa import RMinHash

from include.analysis.arrays import different
from include.analysis.memory import release_unused
from include.analysis.sampling import mixed
from include.analysis.spill import Integers, Spill
from include.analysis.text import blocks, contents, fold

Sketches = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.uint8]

SIMILARITY = 0.9
SHORTEST = 10
"""Characters of the shortest text that is compared: one letter in a shorter one mostly makes another word of it."""

RUN = 3
CODE_POINT_BITS = 21
COLUMNS = 8
HASHES = 4 * COLUMNS  # sixteen bits each, four to a column
SEED = 1
NEIGHBOURS = 2
SHARED_BITS = 32  # neighbours share at least two hash values
FEWEST_EQUAL = 8  # hash values of candidates: a Jaccard similarity of a quarter
LETTERS = 32
"""Kinds of characters that are counted, by the last bits of their code points."""

FORMS_PER_SHARD = 1 << 18
FORMS_PER_BUCKET = 1 << 16
PAIRS_AT_ONCE = 1 << 14
GAP_READ = 1 << 12
BLOCK_READ = 1 << 20
ROUNDS = 3


def sketches(forms: pa.StringArray) -> Sketches:
    """The MinHash values of each text, a row of COLUMNS packed integers."""
    found = [_sketches_of_block(block) for block in blocks(forms)]
    return np.concatenate([np.zeros((0, COLUMNS), np.uint64), *found])


def _sketches_of_block(forms: pa.StringArray) -> Sketches:
    folded = fold(forms)
    codes = folded.codes.astype(np.uint64)
    runs = codes.copy()
    for i in range(1, RUN):
        runs[: len(codes) - i] |= codes[i:] << np.uint64(CODE_POINT_BITS * i)
    counts = np.maximum(np.diff(folded.offsets) - RUN + 1, 0)
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    hashes = mixed(runs[np.repeat(folded.offsets[:-1], counts) + within])
    offsets = np.concatenate(([0], ends)).astype(np.uint64)
    rows = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, HASHES, SEED).to_rows()
    values = np.fromiter(chain.from_iterable(rows), np.uint32, HASHES * len(rows))
    return values.astype("<u2").view("<u8").reshape(-1, COLUMNS).astype(np.uint64)


def letter_counts(forms: pa.StringArray) -> Counts:
    """How many characters of each of LETTERS kinds each text has, at most 255 being told.

    An insertion or deletion changes one of them by one. So two texts are at least as far apart as these counts.
    """
    found = [np.zeros((0, LETTERS), np.uint8)]
    for block in blocks(forms):
        folded = fold(block)
        owner = np.repeat(np.arange(len(block)) * LETTERS, np.diff(folded.offsets))
        counts = np.bincount(owner + folded.codes % LETTERS, minlength=len(block) * LETTERS)
        found.append(np.minimum(counts, 255).astype(np.uint8).reshape(-1, LETTERS))
    return np.concatenate(found)


class SimilarForms:
    """Different normal forms, added in some order, and the groups among them; what is large lies in a folder."""

    def __init__(self, folder: Path, similarity: float = SIMILARITY) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.similarity = similarity
        self._folder = folder
        self._texts = folder / "texts.bin"
        self._sketch_file = folder / "sketches.bin"
        self._letter_file = folder / "letters.bin"
        self._sizes: list[npt.NDArray[np.int32]] = []
        self._lengths: list[npt.NDArray[np.int32]] = []
        self._count = 0
        for path in (self._texts, self._sketch_file, self._letter_file):
            path.write_bytes(b"")

    def __len__(self) -> int:
        return self._count

    def add(self, forms: pa.StringArray, sketched: Sketches) -> None:
        """Add different normal forms (none that was added before) with their sketches."""
        with self._texts.open("ab") as file:
            file.write(contents(forms))
        for path, rows in ((self._sketch_file, sketched), (self._letter_file, letter_counts(forms))):
            with path.open("ab") as file:
                file.write(np.ascontiguousarray(rows).data)
        self._sizes.append(pc.binary_length(forms).to_numpy(zero_copy_only=False).astype(np.int32))
        self._lengths.append(pc.utf8_length(forms).to_numpy(zero_copy_only=False).astype(np.int32))
        self._count += len(forms)

    def centres(self) -> Integers:
        """For each form the number of the centre of its group; its own where it is a centre or in no group.

        Forms are numbered in the order in which they were added; between equals the first decides.
        """
        centres = np.arange(self._count)
        if self._count < 2:
            return centres
        search = _Search(
            np.memmap(self._sketch_file, np.uint64, "r", shape=(self._count, COLUMNS)),
            np.memmap(self._letter_file, np.uint8, "r", shape=(self._count, LETTERS)),
            np.concatenate(self._lengths),
            self.similarity,
        )
        with self._texts.open("rb") as texts:
            search.read_texts(texts, np.concatenate(([0], np.cumsum(np.concatenate(self._sizes), dtype=np.int64))))
            near = search.near_pairs(Spill(self._folder / "pairs", 1))
            tried = near
            for _ in range(ROUNDS):
                centres = stars(near, self._count)
                more = np.setdiff1d(search.able(_friends(near, centres)), tried)
                found = search.verified(more)
                tried = np.union1d(tried, more)
                if not len(found):
                    break
                near = np.union1d(near, found)
        return stars(near, self._count)


def _pair(left: Integers, right: Integers) -> Integers:
    """Pairs as one number each, the smaller form first."""
    return (np.minimum(left, right) << 32) | np.maximum(left, right)


def _both(pairs: Integers) -> tuple[Integers, Integers]:
    return pairs >> 32, pairs & 0xFFFFFFFF


class _Search:
    """Finds the pairs of forms that are nearly the same."""

    def __init__(self, sketched: Sketches, letters: Counts, lengths: npt.NDArray[np.int32], similarity: float) -> None:
        self.sketched = sketched
        self.letters = letters
        self.lengths = lengths
        self.similarity = similarity

    def read_texts(self, texts: BinaryIO, offsets: Integers) -> None:
        """Where the texts are read from; not mapped, because what is read of a mapping stays in memory."""
        self.texts = texts.fileno()
        self.offsets = offsets

    def near_pairs(self, candidates: Spill) -> Integers:
        """All pairs of neighbours that are nearly the same, ascending."""
        release_unused()
        for pairs in self._neighbours():
            able = self.able(pairs)
            candidates.add(able.reshape(-1, 1), (able >> 32) // FORMS_PER_BUCKET)
        self._forget_pages()
        buckets = range(-(-len(self.lengths) // FORMS_PER_BUCKET))
        found = [self.verified(self._alike(different(candidates.read(bucket).ravel()))) for bucket in buckets]
        self._forget_pages()
        return np.concatenate([np.zeros(0, np.int64), *found])

    def _forget_pages(self) -> None:
        """What was read of the mapped files leaves the memory of this process; it is read again where it is needed."""
        for mapped in (self.sketched, self.letters):
            mapping: Any = mapped.base
            if isinstance(mapping, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                mapping.madvise(mmap.MADV_DONTNEED)
        release_unused()

    def _neighbours(self) -> Iterator[Integers]:
        """Pairs of forms that are near each other in one of the orders and share their first hash values."""
        shards = -(-len(self.lengths) // FORMS_PER_SHARD)
        for column in range(COLUMNS):
            first, second = self.sketched[:, column], self.sketched[:, (column + 1) % COLUMNS]
            shard_of = (first >> np.uint64(48)) % np.uint64(shards)
            for shard in range(shards):
                forms = np.flatnonzero(shard_of == shard)
                leading = first[forms]
                order = np.lexsort((second[forms], leading))
                forms, leading = forms[order], leading[order] >> np.uint64(64 - SHARED_BITS)
                for distance in range(1, NEIGHBOURS + 1):
                    shared = leading[distance:] == leading[:-distance]
                    yield _pair(forms[:-distance][shared], forms[distance:][shared])

    def able(self, pairs: Integers) -> Integers:
        """The pairs of which both are long enough, and of lengths that may be so similar."""
        left, right = (self.lengths[forms].astype(np.int64) for forms in _both(pairs))
        kept = (np.minimum(left, right) >= SHORTEST) & (np.abs(left - right) <= self._apart(left + right))
        able: Integers = pairs[kept]
        return able

    def _apart(self, characters: Integers) -> npt.NDArray[np.floating[Any]]:
        """How many characters may at most be inserted and deleted between two texts of so many together."""
        apart: npt.NDArray[np.floating[Any]] = (1 - self.similarity) * characters + 1e-9
        return apart

    def _alike(self, pairs: Integers) -> Integers:
        """The pairs that have enough hash values in common to be worth reading."""
        kept = [pairs[:0]]
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[start : start + PAIRS_AT_ONCE]
            left, right = (np.asarray(self.sketched[forms]).view(np.uint16) for forms in _both(some))
            kept.append(some[(left == right).sum(axis=1) >= FEWEST_EQUAL])
        return np.concatenate(kept)

    def verified(self, pairs: Integers) -> Integers:
        """The pairs that are nearly the same."""
        pairs = self._of_like_letters(pairs)
        kept = [pairs[:0]]
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[start : start + PAIRS_AT_ONCE]
            left, right = _both(some)
            texts = self._read(different(np.concatenate((left, right))))
            scores = cpdist(
                [texts[form] for form in left.tolist()],
                [texts[form] for form in right.tolist()],
                scorer=Indel.normalized_similarity,
                score_cutoff=self.similarity - 1e-6,
                dtype=np.float64,
                workers=1,
            )
            kept.append(some[scores >= self.similarity - 1e-9])
        return np.concatenate(kept)

    def _of_like_letters(self, pairs: Integers) -> Integers:
        """The pairs whose letters are so alike that the texts may be."""
        kept = [pairs[:0]]
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[start : start + PAIRS_AT_ONCE]
            left, right = _both(some)
            counts, others = (np.asarray(self.letters[forms]) for forms in (left, right))
            apart = (np.maximum(counts, others) - np.minimum(counts, others)).sum(axis=1, dtype=np.int64)
            characters = self.lengths[left].astype(np.int64) + self.lengths[right]
            kept.append(some[apart <= self._apart(characters)])
        return np.concatenate(kept)

    def _read(self, forms: Integers) -> dict[int, str]:
        """The texts of ascending forms; those that lie close to each other in the file are read at once."""
        begins, ends = self.offsets[forms], self.offsets[forms + 1]
        apart = (begins[1:] - ends[:-1] > GAP_READ) | (np.diff(begins // BLOCK_READ) != 0)
        bounds = [0, *(np.flatnonzero(apart) + 1).tolist(), len(forms)]
        numbers, begin_of, end_of = forms.tolist(), begins.tolist(), ends.tolist()
        texts: dict[int, str] = {}
        for first, after in pairwise(bounds):
            at = begin_of[first]
            block = os.pread(self.texts, end_of[after - 1] - at, at)
            for i in range(first, after):
                texts[numbers[i]] = block[begin_of[i] - at : end_of[i] - at].decode()
        return texts


def _friends(near: Integers, centres: Integers) -> Integers:
    """Pairs of a form with the centre of a form near to it, and of these centres, where the groups differ."""
    left, right = _both(near)
    apart = centres[left] != centres[right]
    left, right = left[apart], right[apart]
    pairs = [
        _pair(centres[left], right),
        _pair(left, centres[right]),
        _pair(centres[left], centres[right]),
    ]
    found = different(np.concatenate(pairs))
    of_two: Integers = found[(found >> 32) != (found & 0xFFFFFFFF)]
    return of_two


def stars(near: Integers, count: int) -> Integers:
    """The centre of each of `count` forms in the graph of these pairs.

    Centres are the forms that a walk through all of them, those with most near forms first, finds near to no centre.
    All that come before every undecided form near to them are found at once.
    """
    left, right = _both(near)
    source, target = np.concatenate((left, right)), np.concatenate((right, left))
    degree = np.bincount(source, minlength=count)
    rank = np.empty(count, np.int64)
    rank[np.lexsort((np.arange(count), -degree))] = np.arange(count)
    undecided = np.ones(count, bool)
    is_centre = np.zeros(count, bool)
    some_source, some_target = source, target
    while undecided.any():
        before = np.full(count, count)
        np.minimum.at(before, some_source, rank[some_target])
        new = undecided & (rank < before)
        is_centre |= new
        undecided &= ~new
        undecided[some_target[new[some_source]]] = False
        open_pairs = undecided[some_source] & undecided[some_target]
        some_source, some_target = some_source[open_pairs], some_target[open_pairs]
    first = np.where(is_centre, rank, count)
    by_centre = is_centre[target]
    np.minimum.at(first, source[by_centre], rank[target[by_centre]])
    of_rank = np.empty(count, np.int64)
    of_rank[rank] = np.arange(count)
    return of_rank[first]
