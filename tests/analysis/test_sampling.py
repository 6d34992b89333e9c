"""The sample of comments depends on the rows alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis.sampling import CommentSample, mixed

ROWS = np.arange(1, 301)
TEXTS = pa.array([f"comentario {row} " + "x" * (row % 50) for row in ROWS])


def sampled(size: int, slices: list[tuple[int, int]]) -> pa.Table:
    sample = CommentSample(size)
    for start, stop in slices:
        sample.add(ROWS[start:stop], ROWS[start:stop] % 7, TEXTS, np.arange(start, stop))
    return sample.table()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 20_000), st.lists(st.integers(0, 300), max_size=8), st.randoms(use_true_random=False))
def test_no_cut_and_no_order_changes_the_sample(size: int, cuts: list[int], random: Any) -> None:
    slices = list(pairwise([0, *sorted(cuts), 300]))
    random.shuffle(slices)
    assert sampled(size, slices).equals(sampled(size, [(0, 300)]))


def test_all_of_a_small_file_and_a_random_part_of_a_large_one() -> None:
    assert sampled(1 << 20, [(0, 300)]).column("row").to_pylist() == ROWS.tolist()
    some = sampled(5_000, [(0, 300)]).column("row").to_numpy()
    assert 40 < len(some) < 150
    assert 100 < some.mean() < 200


def test_hashes_of_different_numbers_differ() -> None:
    assert len(np.unique(mixed(np.arange(100_000)))) == 100_000
