"""How many generated near-copies are found, and how many of the pairs that are found are near-copies.

Each comment of the labelled data is copied a few times, and each copy is changed as people change what they write: a
letter missing, doubled, swapped or exchanged, a word more or less. A copy is a near-copy when it is as similar as the
analysis is told to want; copies that were changed more do not count as found or missed, nor do comments that were as
similar before.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from rapidfuzz.distance import Indel

from evaluation.goal import Goal
from evaluation.labelled import read_labelled
from include.analysis.emotions import EMOTIONS
from include.analysis.similar import SHORTEST, SIMILARITY, SimilarForms
from include.analysis.sketches import sketches
from include.analysis.text import normal_forms

COPIES = 3
SEED = 0
EXTRA = ("ya", "muy", "por favor", "la verdad", "señores", "siempre", "gracias", "che", "hoy", "nomas")
LETTERS = "abcdefghijlmnoprstuvyz"

Change = Callable[[str, random.Random], str]


def _place(text: str, chance: random.Random) -> int:
    return chance.randrange(1, len(text) - 1)


def _missing_letter(text: str, chance: random.Random) -> str:
    at = _place(text, chance)
    return text[:at] + text[at + 1 :]


def _doubled_letter(text: str, chance: random.Random) -> str:
    at = _place(text, chance)
    return text[:at] + text[at] + text[at:]


def _swapped_letters(text: str, chance: random.Random) -> str:
    at = _place(text, chance)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _other_letter(text: str, chance: random.Random) -> str:
    at = _place(text, chance)
    return text[:at] + chance.choice(LETTERS) + text[at + 1 :]


def _word_more(text: str, chance: random.Random) -> str:
    words = text.split()
    words.insert(chance.randrange(len(words) + 1), chance.choice(EXTRA))
    return " ".join(words)


def _word_less(text: str, chance: random.Random) -> str:
    words = text.split()
    del words[chance.randrange(len(words))]
    shorter = " ".join(words)
    return shorter if len(shorter) >= SHORTEST else text


CHANGES: tuple[Change, ...] = (
    _missing_letter,
    _doubled_letter,
    _swapped_letters,
    _other_letter,
    _word_more,
    _word_less,
)


def near_copies(texts: Sequence[str], chance: random.Random) -> list[tuple[str, int]]:
    """The different normal forms of the texts and of changed copies, each with the number of its text, shuffled."""
    made: dict[str, int] = {}
    for number, text in enumerate(texts):
        made.setdefault(text, number)
        for _ in range(COPIES):
            copy = text
            for _ in range(chance.choice((1, 1, 2))):
                copy = chance.choice(CHANGES)(copy, chance)
            made.setdefault(normal_forms([copy])[0].as_py(), number)
    pairs = list(made.items())
    chance.shuffle(pairs)
    return pairs


def evaluate() -> Iterator[Goal]:
    """Print how many pairs of near-copies there are and how many were found, of centres and their texts."""
    comments = [one.comment for one in read_labelled("emotions", EMOTIONS)]
    forms = normal_forms(comments).to_pylist()
    made = near_copies(sorted({form for form in forms if len(form) > SHORTEST}), random.Random(SEED))
    texts, sources = [text for text, _ in made], [source for _, source in made]
    centres = centres_of(texts)
    first = {source: i for i, source in reversed(list(enumerate(sources)))}
    recalled = wanted = right = found = 0
    for i, text in enumerate(texts):
        original = first[sources[i]]
        if original != i and similar(text, texts[original]):
            wanted += 1
            recalled += centres[i] == centres[original]
        if centres[i] != i:
            found += 1
            right += sources[i] == sources[centres[i]] or similar(text, texts[centres[i]])
    print(f"Near-duplicates: {len(texts):,} different comments, {wanted:,} of them near-copies of another")
    print(f"  {recalled:,} of these are in its group; {found:,} comments are called near-copies\n")
    yield Goal("near-duplicates: recall on generated near-copies", recalled / wanted, 0.95)
    yield Goal("near-duplicates: precision on generated near-copies", right / found, 0.98)


def similar(left: str, right: str) -> bool:
    """Whether two normal forms are as similar as is wanted."""
    return min(len(left), len(right)) >= SHORTEST and Indel.normalized_similarity(left, right) >= SIMILARITY


def centres_of(texts: Sequence[str]) -> list[int]:
    """The number of the centre of each text's group."""
    with tempfile.TemporaryDirectory() as folder:
        groups = SimilarForms(Path(folder))
        forms = pa.array(texts, pa.string())
        groups.add(forms, sketches(forms))
        centres = list(range(len(texts)))
        for form, centre in zip(*(numbers.tolist() for numbers in groups.groups()), strict=True):
            centres[form] = centre
        return centres
