"""Groups of texts that are nearly the same."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
from rapidfuzz.distance import Indel

from evaluation.near_duplicates import near_copies
from include.analysis import similar, spill
from include.analysis.similar import SHORTEST, SIMILARITY, SimilarForms
from include.analysis.sketches import sketches

BASES = [
    "el servicio de internet se corta todas las noches",
    "la atencion de la sucursal de villa morra fue excelente",
    "quiero cambiar de plan y nadie me contesta el telefono",
    "hace tres dias que estoy sin internet y nadie viene",
]


def groups_of(folder: Path, texts: list[str], pieces: int = 1) -> list[set[str]]:
    """The groups of several texts."""
    forms = SimilarForms(folder)
    for start in range(pieces):
        size = -(-len(texts) // pieces)
        some = pa.array(texts[start * size : (start + 1) * size], pa.string())
        forms.add(some, sketches(some))
    groups: dict[int, set[str]] = {}
    for form, centre in zip(*(numbers.tolist() for numbers in forms.groups()), strict=True):
        groups.setdefault(centre, {texts[centre]}).add(texts[form])
    return sorted(groups.values(), key=sorted)


def test_a_typo_and_a_word_more_or_less_are_nearly_the_same(tmp_path: Path) -> None:
    text = BASES[0]
    near = [text.replace("corta", "corat"), text.replace("todas ", ""), "che " + text]
    assert groups_of(tmp_path, [text, *near, *BASES[1:]]) == [{text, *near}]


def test_what_is_short_or_different_stays_alone(tmp_path: Path) -> None:
    assert groups_of(tmp_path, ["muy caro", "muy raro", "muy bueno", *BASES]) == []


@pytest.mark.parametrize("pieces", [1, 2, 6])
def test_texts_of_any_lengths_are_compared(tmp_path: Path, pieces: int) -> None:
    lengths = (40, 250, 65_530)  # what is a little longer takes one, two or four bytes to tell
    texts = [" ".join(random.Random(size).choices(BASES[0].split(), k=size))[:size] for size in lengths]
    near = [f"{text} {'si' * (len(text) // 40)}" for text in texts]
    assert groups_of(tmp_path, [*texts, *near], pieces) == sorted(map(set, zip(texts, near, strict=True)), key=sorted)


@pytest.mark.parametrize("texts", [[], ["una sola frase larga"]])
def test_nothing_to_compare(tmp_path: Path, texts: list[str]) -> None:
    assert groups_of(tmp_path, texts) == []


def test_every_text_of_a_group_is_nearly_the_same_as_its_centre(tmp_path: Path) -> None:
    made = [text for text, _ in near_copies(BASES * 1, random.Random(1))]
    made += [text for text, _ in near_copies(made, random.Random(2))]
    texts = list(dict.fromkeys(made))
    forms = SimilarForms(tmp_path)
    forms.add(pa.array(texts), sketches(pa.array(texts)))
    members, centres = (numbers.tolist() for numbers in forms.groups())
    assert members == sorted(set(members)) != []
    assert not set(members) & set(centres)
    for i, centre in zip(members, centres, strict=True):
        assert min(len(texts[i]), len(texts[centre])) >= SHORTEST
        assert Indel.normalized_similarity(texts[i], texts[centre]) >= SIMILARITY - 1e-9


def test_the_pieces_in_which_texts_are_added_and_shards_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [text for text, _ in near_copies(BASES, random.Random(3))]
    whole = groups_of(tmp_path / "whole", texts)
    assert len(whole) == len(BASES)
    assert groups_of(tmp_path / "pieces", texts, pieces=5) == whole
    monkeypatch.setattr(similar, "PAIRS_AT_ONCE", 3)
    monkeypatch.setattr(similar, "PAIRS_TOGETHER", 2)
    monkeypatch.setattr(similar, "FORMS_PER_BUCKET", 4)
    monkeypatch.setattr(similar, "FORMS_PER_SHARD", 5)
    for module in (similar, spill):
        monkeypatch.setattr(module, "ROWS_REMEMBERED", 7)
    assert groups_of(tmp_path / "small", texts) == whole
