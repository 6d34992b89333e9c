"""The labelled comments, and the measures that are made of them."""

from __future__ import annotations

from collections import Counter

import pytest

from evaluation.goal import Goal
from evaluation.labelled import (
    DEV,
    UNSEEN,
    Agreement,
    agreements,
    differences,
    macro_f1,
    micro_f1,
    read_labelled,
)
from include.analysis.emotions import EMOTIONS
from include.analysis.text import normal_forms
from include.analysis.themes import ThemeAnalyzer

KINDS = {"emotions": EMOTIONS, "themes": ThemeAnalyzer().ids}


@pytest.mark.parametrize("kind", KINDS)
def test_enough_different_comments_with_every_label_in_both_halves(kind: str) -> None:
    labelled = read_labelled(kind, KINDS[kind])
    halves = Counter(one.half for one in labelled)
    assert halves[DEV] >= 400 and halves[UNSEEN] >= 300
    for half in (DEV, UNSEEN):
        assert {label for one in labelled if one.half == half for label in one.labels} == set(KINDS[kind])
    unseen = set(normal_forms([one.comment for one in labelled if one.half == UNSEEN]).to_pylist()) - {""}
    assert not unseen & set(normal_forms([one.comment for one in labelled if one.half == DEV]).to_pylist())


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match=r"emotions\.tsv"):
        read_labelled("emotions", ["anger"])


def test_measures() -> None:
    found = agreements([({"a"}, {"a", "b"}), ({"b"}, {"a"}), (set(), set())], ["a", "b"], "none")
    assert found["a"] == Agreement(both=1, analyser_only=0, reader_only=1)
    assert (found["a"].precision, found["a"].recall, found["a"].f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert found["b"].f1 == 0.0
    assert found["none"].f1 == 1.0
    assert macro_f1(found, ["a", "b"]) == pytest.approx(1 / 3)
    assert micro_f1(found, ["a", "b"]) == pytest.approx(0.4)


def test_differences_show_who_says_what() -> None:
    one = next(one for one in read_labelled("emotions", EMOTIONS) if one.labels == {"joy"})
    assert list(differences([(one, {"anger"}), (one, {"joy"})])) == [f"  +anger -joy: {one.comment}"]


def test_goals() -> None:
    assert Goal("x", 0.9, 0.9).met
    assert str(Goal("x", 0.5, 0.9)) == "MISSED  0.500  (goal 0.90)  x"
