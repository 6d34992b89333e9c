"""Phrases in tokens: the arrays against a plain loop, spellings, negation, lexicon files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis.errors import LexiconError
from include.analysis.lexicon_file import LexiconFile
from include.analysis.matching import Before, PhraseMatcher
from include.analysis.phrase_syntax import parse_phrases
from include.analysis.spelling import spellings, stem_forms, word_forms
from include.analysis.strings import blank, distinct
from include.analysis.text import Tokens, tokenise

Found = list[tuple[int, int, int, int]]


def words_of(tokens: Tokens) -> list[str]:
    return [tokens.vocabulary[i] for i in tokens.ids.tolist()]


def found(phrases: list[str], texts: list[str | None]) -> Found:
    matches = PhraseMatcher(phrases).find(tokenise(texts))
    return list(
        zip(
            matches.phrase.tolist(),
            matches.owner.tolist(),
            matches.start.tolist(),
            matches.length.tolist(),
            strict=True,
        )
    )


def texts_found(phrases: list[str], text: str) -> set[str]:
    return {phrases[phrase] for phrase, *_ in found(phrases, [text])}


def element_matches(element: str, word: str) -> bool:
    forms = spellings(word)
    if element.endswith("*"):
        return any(form.startswith(stem) for stem in stem_forms(element[:-1]) for form in forms)
    return bool(word_forms(element) & forms)


def ways(elements: tuple[str, ...], words: list[str], start: int) -> set[int]:
    """Where a phrase that begins at a word may end, words that a gap skips counted in."""
    ends = {start}
    gap = False
    for element in elements:
        if element == "...":
            gap = True
            continue
        reach = range(4 if gap else 1)
        ends = {
            at + skipped + 1
            for at in ends
            for skipped in reach
            if at + skipped < len(words)
            and "." not in words[at : at + skipped + 1]
            and any(element_matches(choice, words[at + skipped]) for choice in element.split("|"))
        }
        gap = False
    return ends


def naive(phrases: list[str], texts: list[str | None]) -> Found:
    tokens = tokenise(texts)
    words, bounds = words_of(tokens), tokens.offsets.tolist()
    result = {
        (phrase, owner, bounds[owner] + start, end - start)
        for phrase, elements in enumerate(parse_phrases(phrases))
        for owner, here in enumerate(words[slice(*ends)] for ends in pairwise(bounds))
        for start in range(len(here))
        for end in ways(elements, here, start)
    }
    return sorted(result, key=lambda match: (match[2], match[3], match[0]))


WORDS = ["se", "corta", "corte", "cortaron", "no", "anda", "muy", "muyyy", "sin", "señal", "senal", "servisio", "q"]
MARKS = [".", ",", "😡", "👍🏽", "!", "-"]
ELEMENTS = ["se", "cort*", "corta", "no", "anda", "an*", "muy", "sin", "señal", "servicio", "😡", "que", "servi*"]

texts_strategy = st.lists(
    st.one_of(st.none(), st.lists(st.sampled_from(WORDS + MARKS), max_size=12).map(" ".join)), max_size=8
)
phrases_strategy = st.lists(st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=4).map(" ".join), max_size=12)


@settings(max_examples=200, deadline=None)
@given(phrases_strategy, texts_strategy)
def test_finds_what_a_plain_loop_finds(phrases: list[str], texts: list[str | None]) -> None:
    assert found(phrases, texts) == naive(phrases, texts)


gapped_strategy = st.lists(
    st.lists(st.sampled_from([*ELEMENTS, "anda|se", "no|cort*"]), min_size=2, max_size=3).map(" ... ".join),
    min_size=1,
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(gapped_strategy, phrases_strategy, texts_strategy)
def test_finds_phrases_with_gaps_as_a_plain_loop_does(
    gapped: list[str], plain: list[str], texts: list[str | None]
) -> None:
    assert found(gapped + plain, texts) == naive(gapped + plain, texts)


@settings(max_examples=100, deadline=None)
@given(phrases_strategy, texts_strategy)
def test_longest_drops_exactly_what_lies_inside_a_longer_match(phrases: list[str], texts: list[str | None]) -> None:
    matches = PhraseMatcher(phrases).find(tokenise(texts))
    spans = list(zip(matches.start.tolist(), matches.end.tolist(), strict=True))
    expected = [not any(s <= start and end <= e and e - s > end - start for s, e in spans) for start, end in spans]
    kept = matches.longest()
    assert kept.start.tolist() == [s for (s, _), keep in zip(spans, expected, strict=True) if keep]
    assert kept.phrase.tolist() == [p for p, keep in zip(matches.phrase.tolist(), expected, strict=True) if keep]


@settings(max_examples=100, deadline=None)
@given(texts_strategy, st.integers(1, 4))
def test_words_before_agree_with_a_plain_loop(texts: list[str | None], scope: int) -> None:
    tokens = tokenise(texts)
    words, bounds = words_of(tokens), tokens.offsets.tolist()
    starts = np.arange(len(words))
    negators = np.flatnonzero([word == "no" for word in words])
    expected = []
    for start, owner in zip(starts.tolist(), tokens.owner.tolist(), strict=True):
        before = words[max(bounds[owner], start - scope) : start]
        while "." in before:
            before = before[before.index(".") + 1 :]
        expected.append("no" in before)
    assert Before(tokens, starts, tokens.clause_marks).has(negators, scope).tolist() == expected


def test_the_cache_of_words_does_not_change_what_is_found() -> None:
    matcher = PhraseMatcher(["cort*", "no anda"])
    first = matcher.find(tokenise(["se corta y no anda"]))
    matcher.find(tokenise(["otra cosa, no", "anda corto"]))
    again = matcher.find(tokenise(["se corta y no anda"]))
    assert first.start.tolist() == again.start.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("señal", "SENAL mala", True),
        ("se corta", "se, corta", False),
        ("se corta", "se   CORTA!!", True),
        ("mba'éichapa", "Mba´eichapa nde", True),
        ("mba'éichapa", "mba’eichapa", True),
        ("lent*", "lentooooo", True),
        ("lento", "lentoooo", True),
        ("velocidad", "belosidad", True),
        ("conexión", "coneccion", True),
        ("atención", "atension", True),
        ("excelente", "exelente", True),
        ("servici*", "servisios", True),
        ("hora*", "horario", True),
        ("cada vez que llueve", "cada vez q llueve", True),
        ("vox", "vos tenés", False),
        ("caro", "carro", False),
        ("😡", "mal😡😡", True),
        ("❤️", "gracias ❤", True),
        ("wi fi", "wi-fi", True),
        ("cort*", "recorte", False),
    ],
)
def test_spellings_of_comments(phrase: str, text: str, expected: bool) -> None:
    assert texts_found([phrase], text) == ({phrase} if expected else set())


@pytest.mark.parametrize(
    ("phrase", "problem"),
    [
        ("", "1 to 8 words"),
        ("   ", "1 to 8 words"),
        ("a b c d e f g h i", "this one has 9"),
        ("hola, qué tal", "punctuation"),
        ("*", r"a \* may stand"),
        ("x*", r"a \* may stand"),
        ("co*rte", r"a \* may stand"),
        ("se * corta", r"a \* may stand"),
    ],
)
def test_phrases_that_cannot_be_used(phrase: str, problem: str) -> None:
    with pytest.raises(LexiconError, match=problem):
        PhraseMatcher(["bueno", phrase])


def test_nothing_to_find() -> None:
    assert found([], ["hola"]) == []
    assert found(["hola"], []) == []
    assert found(["hola"], [None, "", "..."]) == []
    assert len(PhraseMatcher([]).find(tokenise([])).longest()) == 0


def test_distinct_gives_back_every_text() -> None:
    texts, which = distinct(pa.array(["a", None, "b", "a", ""]))
    assert [texts.to_pylist()[i] for i in which] == ["a", "", "b", "a", ""]
    assert len(texts) == 3


def test_blank_is_white_space_only() -> None:
    assert blank(pa.array(["", None, " \t\n", "\u00a0", ".", "👍", " a "])).tolist() == [True] * 4 + [False] * 3


def test_lexicon_file_errors_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with pytest.raises(LexiconError, match=r"a\.toml: cannot be read \(No such file"):
        LexiconFile.read(path)
    path.write_bytes(b'x = 1\ny = "\xe1"\n')
    with pytest.raises(LexiconError, match="line 2: is not UTF-8"):
        LexiconFile.read(path)
    path.write_text('x = 1\ny = ["a" "b"]\n')
    with pytest.raises(LexiconError, match="line 2: is not valid TOML"):
        LexiconFile.read(path)
    path.write_text("x = 1\ny = [1,\n")
    with pytest.raises(LexiconError, match="line 3: is not valid TOML"):
        LexiconFile.read(path)


def test_lexicon_file_takes_what_windows_editors_write(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b'\xef\xbb\xbfx = "a"\r\ny = "b"\r\n')
    file = LexiconFile.read(path)
    assert file.content == {"x": "a", "y": "b"}
    assert "line 2: no" in str(file.error("no", "b"))


def test_digest_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("x = 1")
    first = LexiconFile.read(path).digest
    path.write_text("x = 2")
    assert LexiconFile.read(path).digest != first
