"""Near-duplicates of a run: rows, groups, and that no cut of the rows changes them."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis import BatchProcessor
from include.analysis.near_duplicates import NearDuplicatesAnalysis
from include.analysis.settings import load_settings
from tests.analysis.splits import rows_of

TEXTS = [
    "El servicio se corta todas las noches",
    "El servicio se corta todas las noche",
    "el servicio SE CORTA todas las noches!!",
    "El servicio se corta todas las nochess",
    "Muy buena la atención en la sucursal",
    "Muy buena la atencion de la sucursal",
    "muy caro",
    "muy raro",
    None,
    "",
    "Nada que ver con lo anterior",
]
NEAR = [None, 1, None, 1, None, 5, None, None, None, None, None]
"""Row 3 repeats row 1, an exact duplicate."""


class Stored:
    """A part as `reduce` reads it, in memory."""

    def __init__(self, analysis: NearDuplicatesAnalysis, texts: list[str | None], start: int) -> None:
        self.start, self.stop, self.batch_start = start, start + len(texts), start
        self.part = analysis.analyse(rows_of(texts, start))

    def partial(self) -> dict[str, Any]:
        return self.part.partial

    def answers(self, columns: list[str] | None = None) -> Any:
        return self.part.answers.select(columns) if columns else self.part.answers


def near(texts: list[str | None], cuts: list[int]) -> tuple[list[int | None], dict[str, Any]]:
    analysis = NearDuplicatesAnalysis()
    bounds = list(pairwise([0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]))
    parts: list[Any] = [Stored(analysis, texts[a:b], a + 1) for a, b in bounds]
    with tempfile.TemporaryDirectory() as folder:
        reduction = analysis.reduce(parts, Path(folder))
        rows = [reduction.finish(part.start, part.answers()).column(0).to_pylist() for part in parts]
        examples = {row: texts[row - 1] or "" for row in reduction.example_rows()}
        return [one for some in rows for one in some], reduction.section(examples)


def test_rows_that_nearly_repeat_another_and_the_groups() -> None:
    rows, section = near(TEXTS, [])
    assert rows == NEAR
    assert section["total_near_duplicates"] == 3
    assert section["total_groups"] == 2
    assert section["different_near_duplicates"] == 3
    assert [(group["count"], group["different"], group["rows"]) for group in section["groups"]] == [
        (4, 3, [1, 2, 4]),
        (2, 2, [5, 6]),
    ]
    assert section["groups"][0]["text"] == TEXTS[0]
    assert section["groups"][0]["variants"] == [TEXTS[1], TEXTS[3]]


def test_examples_are_masked() -> None:
    text = "Llamen por favor al 0981 123 456 que no tengo servicio"
    _, section = near([text, text.replace("servicio", "servicios")], [])
    assert "0981" not in str(section)
    assert section["groups"][0]["text"].startswith("Llamen por favor al ")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=20)), max_size=20),
    st.lists(st.integers(0, 20), max_size=5),
)
def test_no_cut_of_the_rows_changes_the_answer(texts: list[str | None], cuts: list[int]) -> None:
    assert near(texts, cuts) == near(texts, [])


@pytest.mark.parametrize("texts", [[], [None, "", "  "]])
def test_nothing_to_compare(texts: list[str | None]) -> None:
    rows, section = near(texts, [])
    assert rows == [None] * len(texts)
    assert not section.get("groups")


def test_in_a_run_beside_exact_duplicates() -> None:
    frame = pd.DataFrame({"Comentario Final": TEXTS})
    results = BatchProcessor(batch_size=10, n_workers=1).process_parallel(
        frame, analyses=["duplicates", "near_duplicates"]
    )
    assert results["status"] == "success"
    assert results["duplicates"]["total_duplicates"] == 1
    assert results["near_duplicates"]["total_near_duplicates"] == 3


def test_the_similarity_is_a_setting_and_part_of_the_fingerprint() -> None:
    strict = NearDuplicatesAnalysis.from_settings(load_settings({"COMMENT_ANALYSIS_SIMILARITY": "0.98"}))
    assert strict.similarity == 0.98
    assert strict.fingerprint() != NearDuplicatesAnalysis().fingerprint()
