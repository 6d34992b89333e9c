"""What tells cheaply how alike two texts may be: MinHash values, and counts of their letters.

MinHash (Broder, 1997) is taken over runs of three characters. rensa computes the hash values; its own index is not
used, because it holds all texts in memory and depends on the order of insertion.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rensa import RMinHash

from include.analysis.sampling import mixed
from include.analysis.strings import blocks, code_points

Sketches = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.uint8]

RUN = 3
CODE_POINT_BITS = 21
COLUMNS = 8
HASHES = 4 * COLUMNS  # sixteen bits each, four to a column
SEED = 1
LETTERS = 32
"""Kinds of characters that are counted, by the last bits of their code points."""


def sketches(forms: pa.StringArray) -> Sketches:
    """The MinHash values of each text, a row of COLUMNS packed integers."""
    found = [_sketches_of_block(block) for block in blocks(forms)]
    return np.concatenate([np.zeros((0, COLUMNS), np.uint64), *found])


def _sketches_of_block(forms: pa.StringArray) -> Sketches:
    points, bounds = code_points(forms)
    codes = points.astype(np.uint64)
    runs = codes.copy()
    for i in range(1, RUN):
        runs[: len(codes) - i] |= codes[i:] << np.uint64(CODE_POINT_BITS * i)
    counts = np.maximum(np.diff(bounds) - RUN + 1, 0)
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    hashes = mixed(runs[np.repeat(bounds[:-1], counts) + within])
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
        points, bounds = code_points(block)
        owner = np.repeat(np.arange(len(block)) * LETTERS, np.diff(bounds))
        counts = np.bincount(owner + points % LETTERS, minlength=len(block) * LETTERS)
        found.append(np.minimum(counts, 255).astype(np.uint8).reshape(-1, LETTERS))
    return np.concatenate(found)
