"""Columns of texts and their bytes."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.strings import blocks, code_points
from tests.analysis.test_folding import ANY_TEXT, SPANISH


@given(st.lists(ANY_TEXT))
def test_code_points_keep_the_borders_of_texts(texts: list[str]) -> None:
    codes, bounds = code_points(pa.array(texts, pa.string()))
    assert ["".join(map(chr, codes[start:stop])) for start, stop in pairwise(bounds.tolist())] == texts


@given(st.lists(SPANISH), st.integers(1, 40), st.data())
def test_blocks_are_the_whole(texts: list[str], size: int, data: st.DataObject) -> None:
    whole = pa.array(texts, pa.string())[data.draw(st.integers(0, len(texts))) :]
    found = list(blocks(whole, size))
    assert [text for block in found for text in block.to_pylist()] == whole.to_pylist()
    assert all(len(block) == 1 or sum(len(t.encode()) for t in block.to_pylist()) <= size for block in found)
