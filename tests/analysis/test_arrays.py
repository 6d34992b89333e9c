"""Helpers on arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.arrays import different, order_of_keys, without


@given(st.lists(st.integers(-(2**62), 2**62), max_size=50))
def test_different_is_numpy_unique(values: list[int]) -> None:
    array = np.array(values, np.int64)
    assert different(array).tolist() == np.unique(array).tolist()


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint64])
def test_the_type_stays(kind: type) -> None:
    assert different(np.array([3, 1, 3], kind)).dtype == kind


@given(st.sets(st.integers(-9, 9)), st.sets(st.integers(-9, 9)))
def test_without_leaves_the_difference(values: set[int], others: set[int]) -> None:
    kept = without(*(np.array(sorted(some), np.int64) for some in (values, others)))
    assert kept.tolist() == sorted(values - others)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_keys_are_ordered_and_equal_ones_stay_as_they_came(keys: list[tuple[int, int]]) -> None:
    order = order_of_keys(np.array(keys, np.int64).reshape(-1, 2))
    assert order.tolist() == sorted(range(len(keys)), key=lambda place: keys[place])


def test_keys_that_the_first_column_tells_apart_are_ordered_by_it() -> None:
    assert order_of_keys(np.array([[2, 0], [1, 9], [2, 0], [0, 5]], np.int64)).tolist() == [3, 1, 0, 2]
