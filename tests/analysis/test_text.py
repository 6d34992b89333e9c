"""Normal forms and tokens against plain Python that says the same thing a character at a time."""

from __future__ import annotations

import sys
import unicodedata
from itertools import groupby, pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.text import (
    AS_UNICODE_14,
    CLAUSE_MARKS,
    blocks,
    code_points,
    fold,
    fold_character,
    normal_form,
    normal_forms,
    tokenise,
)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SPANISH = st.text("aáàâeéiíoóuúüñÑßﬁ½İ'’.,;!¡¿? \n\t😡👍❤️-", max_size=30)


def folded_plainly(text: str) -> str:
    """Characters that are newer than Unicode 14 stay as they are, whatever this Python knows of them."""
    pieces = groupby(text, lambda character: ord(character) in AS_UNICODE_14)
    return "".join("".join(piece) if newer else _folded("".join(piece)) for newer, piece in pieces)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def shown_plainly(text: str) -> list[tuple[str, bool]]:
    """The characters of folded text as words, clause marks and gaps have them, and which are symbols."""
    return [_shown(character) for character in folded_plainly(text)]


def _shown(character: str) -> tuple[str, bool]:
    newer = ord(character) in AS_UNICODE_14
    if character.isalnum() and not newer:
        return character, False
    if character in CLAUSE_MARKS:
        return ".", False
    category = "Cn" if newer else unicodedata.category(character)
    emoji = category == "So" or (category == "Cn" and 0x1F000 <= ord(character) <= 0x1FFFF)
    return (character, True) if emoji or (category == "Sk" and ord(character) > 0xA8) else (" ", False)


def reference(text: str) -> str:
    folded = folded_plainly(text).translate(AS_UNICODE_14)
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Excelente Servicio!!!", "excelente servicio"),
        ("  atención   al\ncliente ", "atencion al cliente"),
        ("Mba'éichapa", "mba eichapa"),
        ("GRÜẞE ﬁbra ½", "grusse fibra 1 2"),
        ("İstanbul", "istanbul"),
        ("👍 😡", ""),
        ("...", ""),
        ("", ""),
        ("9,5 de 10", "9 5 de 10"),
    ],
)
def test_normal_form(text: str, form: str) -> None:
    assert normal_form(text) == form


@given(st.lists(st.one_of(st.none(), ANY_TEXT, SPANISH)))
def test_normal_forms_agree_with_plain_python(texts: list[str | None]) -> None:
    assert normal_forms(texts).to_pylist() == [reference(text or "") for text in texts]


def test_every_code_point_agrees_with_plain_python() -> None:
    texts = [f"a{chr(code)}b" for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    assert normal_forms(texts).to_pylist() == [reference(text) for text in texts]


@given(st.lists(SPANISH), st.data())
def test_a_part_of_an_array_gives_the_forms_of_that_part(texts: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(texts)))
    assert normal_forms(pa.array(texts, pa.string())[start:]).to_pylist() == [reference(t) for t in texts[start:]]


@given(st.lists(st.one_of(ANY_TEXT, SPANISH)))
def test_folded_text_shows_words_marks_and_symbols(texts: list[str]) -> None:
    folded, shown = fold(texts), [shown_plainly(text) for text in texts]
    borders = list(pairwise(folded.offsets.tolist()))
    raw, is_symbol = folded.utf8.tobytes(), np.isin(np.arange(len(folded.utf8)), folded.symbols)
    assert [raw[start:stop].decode() for start, stop in borders] == ["".join(c for c, _ in text) for text in shown]
    told = [bytes(folded.utf8[start:stop][is_symbol[start:stop]]).decode() for start, stop in borders]
    assert told == ["".join(c for c, symbol in text if symbol) for text in shown]


@given(st.lists(ANY_TEXT))
def test_code_points_keep_the_borders_of_texts(texts: list[str]) -> None:
    codes, bounds = code_points(pa.array(texts, pa.string()))
    assert ["".join(map(chr, codes[start:stop])) for start, stop in pairwise(bounds.tolist())] == texts


def test_what_is_folded_stays_as_it_is() -> None:
    every = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)
    folded = "".join(map(fold_character, every))
    assert "".join(map(fold_character, folded)) == folded


@given(st.lists(SPANISH), st.integers(1, 40), st.data())
def test_blocks_are_the_whole(texts: list[str], size: int, data: st.DataObject) -> None:
    whole = pa.array(texts, pa.string())[data.draw(st.integers(0, len(texts))) :]
    found = list(blocks(whole, size))
    assert [text for block in found for text in block.to_pylist()] == whole.to_pylist()
    assert all(len(block) == 1 or sum(len(t.encode()) for t in block.to_pylist()) <= size for block in found)


def test_lone_surrogates_and_missing_values_are_no_text() -> None:
    assert normal_forms(["a\ud800b", None, float("nan")]).to_pylist() == ["a b", "", ""]  # type: ignore[list-item]


def test_tokens_are_words_clause_marks_and_symbols() -> None:
    tokens = tokenise(["Hola, NO anda!! 😡😡", None, "", "Sí/no (9,5)"])
    words = [tokens.vocabulary[i] for i in tokens.ids]
    assert words == ["hola", ".", "no", "anda", ".", ".", "😡", "😡", "si", ".", "no", ".", "9", ".", "5", "."]
    assert tokens.offsets.tolist() == [0, 8, 8, 8, 16]
    assert tokens.owner.tolist() == [0] * 8 + [3] * 8


@given(st.lists(SPANISH))
def test_words_of_the_tokens_are_those_of_the_normal_form(texts: list[str]) -> None:
    tokens = tokenise(texts)
    for index, form in enumerate(normal_forms(texts).to_pylist()):
        ids = tokens.ids[tokens.offsets[index] : tokens.offsets[index + 1]]
        assert [w for w in (tokens.vocabulary[i] for i in ids) if w.isalnum()] == form.split()
