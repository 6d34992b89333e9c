"""Exact duplicates, found whatever the slices, shards and windows."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis import duplicates, spill
from include.analysis.analysis import Rows
from include.analysis.duplicates import DuplicateCleaner, DuplicatesAnalysis, group_rows
from include.analysis.parts import Batch, PartStore
from include.analysis.text import normal_form

TEXTS = st.lists(
    st.sampled_from(["Hola", "hola!", "HOLÁ", "chau", "👍", "", "...", "no anda", "No anda."]), max_size=40
)


def truth(texts: list[str]) -> list[int | None]:
    """For each text the number (from 1) of the first with the same normal form, by a plain dictionary."""
    first: dict[str, int] = {}
    found: list[int | None] = []
    for row, text in enumerate(texts, 1):
        form = normal_form(text)
        seen = first.setdefault(form, row) if form else row
        found.append(seen if seen != row else None)
    return found


def reduce_in_slices(texts: list[str], cuts: list[int], folder: Path) -> tuple[list[int | None], dict[str, object]]:
    analysis = DuplicatesAnalysis()
    bounds = [0, *sorted(cuts), len(texts)]
    parts = []
    for start, stop in itertools.pairwise(bounds):
        if start < stop:
            batch = Batch(folder, start, start + 1, stop + 1, "digest")
            rows = Rows(start + 1, pa.array(texts[start:stop], pa.string()), pa.table({}))
            parts.append(
                PartStore(folder / "parts", analysis, batch).write(start + 1, stop + 1, analysis.analyse(rows), {}, [])
            )
    reduction = analysis.reduce(parts, folder / "scratch")
    final = [
        value
        for part in parts
        for value in reduction.finish(part.start, part.answers()).column("duplicate_of").to_pylist()
    ]
    return final, reduction.section(dict(enumerate(texts, 1)))


@given(texts=TEXTS, data=st.data(), shard=st.integers(1, 50), window=st.integers(1, 50))
def test_the_global_truth_whatever_the_slices(
    texts: list[str], data: st.DataObject, shard: int, window: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(texts)), max_size=6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "ROWS_PER_SHARD", shard)
        patch.setattr(spill, "ROWS_PER_WINDOW", window)
        found, section = reduce_in_slices(texts, cuts, tmp_path_factory.mktemp("cut"))
    assert found == truth(texts)
    if texts:
        whole = reduce_in_slices(texts, [], tmp_path_factory.mktemp("whole"))[1]
        assert section["total_duplicates"] == sum(value is not None for value in truth(texts))
        assert section["batch_duplicates"] + section["cross_batch_duplicates"] == section["total_duplicates"]  # type: ignore[operator]
        batching = {"batch_duplicates": None, "cross_batch_duplicates": None}
        assert {**section, **batching} == {**whole, **batching}


def test_section(tmp_path: Path) -> None:
    texts = [
        "Muy bien",
        "malo",
        "muy BIEN!",
        "",
        "MUY BIEN",
        "Malo.",
        "llamar al 0981 123 456",
        "llamar al 0981 123456",
    ]
    _, section = reduce_in_slices(texts, [4], tmp_path)
    assert section == {
        "total_duplicates": 3,
        "total_unique": 4,
        "without_text": 1,
        "duplicate_percentage": 37.5,
        "reduction_achieved": 42.8571,
        "batch_duplicates": 1,
        "cross_batch_duplicates": 2,
        "groups": [
            {"text": "Muy bien", "count": 3, "rows": [1, 3, 5]},
            {"text": "malo", "count": 2, "rows": [2, 6]},
        ],
    }


def test_equal_first_halves_of_keys_do_not_make_a_group() -> None:
    found = group_rows(np.array([[1, 7, 1], [2, 7, 2], [3, 7, 1]], np.int64))
    assert [values.tolist() for values in found.repeats] == [[3], [1]]


def test_cleaner() -> None:
    frame = pd.DataFrame({"Comentario": ["Hola", "hola!", None, "", "chau", "CHAU"], "id": range(6)})
    cleaner = DuplicateCleaner()
    assert cleaner.find(frame["Comentario"]).tolist() == [-1, 0, -1, -1, -1, 4]
    assert cleaner.clean(frame, "Comentario")["id"].tolist() == [0, 2, 3, 4]
    assert cleaner.find([]).tolist() == []
