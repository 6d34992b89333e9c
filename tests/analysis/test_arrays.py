"""Helpers on arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.arrays import different


@given(st.lists(st.integers(-(2**62), 2**62), max_size=50))
def test_different_is_numpy_unique(values: list[int]) -> None:
    array = np.array(values, np.int64)
    assert different(array).tolist() == np.unique(array).tolist()


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint64])
def test_the_type_stays(kind: type) -> None:
    assert different(np.array([3, 1, 3], kind)).dtype == kind
