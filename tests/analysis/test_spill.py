"""Numbers on disk."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.spill import MappedRows


def test_mapped_rows_are_those_that_were_added(tmp_path: Path) -> None:
    rows = MappedRows(tmp_path / "rows.bin", np.int64, 2)
    assert (len(rows), rows.rows.shape) == (0, (0, 2))
    rows.forget()
    rows.add(np.array([[1, 2]]))
    assert rows.rows.tolist() == [[1, 2]]
    rows.add(np.array([[3, 4], [5, 6]], np.int32))
    rows.forget()
    assert (len(rows), rows.rows[[2, 0]].tolist()) == (3, [[5, 6], [1, 2]])


def test_a_new_one_begins_empty(tmp_path: Path) -> None:
    MappedRows(tmp_path / "rows.bin", np.uint8, 1).add(np.ones(3))
    assert len(MappedRows(tmp_path / "rows.bin", np.uint8, 1)) == 0


@given(st.lists(st.lists(st.integers(0, 255), max_size=5), max_size=5))
def test_pieces_do_not_matter(tmp_path_factory: pytest.TempPathFactory, pieces: list[list[int]]) -> None:
    rows = MappedRows(tmp_path_factory.mktemp("rows") / "rows.bin", np.uint8, 1)
    for piece in pieces:
        rows.add(np.array(piece, np.uint8))
    assert rows.rows.ravel().tolist() == [number for piece in pieces for number in piece]


@given(st.sets(st.integers(0, 9)), st.integers(1, 12))
def test_rows_at_ascending_places(tmp_path_factory: pytest.TempPathFactory, places: set[int], at_once: int) -> None:
    rows, wanted = MappedRows(tmp_path_factory.mktemp("rows") / "rows.bin", np.int64, 2), np.array(sorted(places), int)
    rows.add(np.arange(20).reshape(10, 2))
    with patch("include.analysis.spill.ROWS_REMEMBERED", at_once):
        assert rows.at(wanted).tolist() == [[2 * place, 2 * place + 1] for place in wanted.tolist()]
        assert rows.at(wanted, 1).tolist() == [2 * place + 1 for place in wanted.tolist()]
