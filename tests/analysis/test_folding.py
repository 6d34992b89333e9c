"""Folded text against plain Python that says the same thing a character at a time."""

from __future__ import annotations

import sys
import unicodedata
from itertools import groupby, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.folding import AS_UNICODE_14, CLAUSE_MARKS, fold, fold_character

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


@given(st.lists(st.one_of(ANY_TEXT, SPANISH)))
def test_folded_text_shows_words_marks_and_symbols(texts: list[str]) -> None:
    folded, shown = fold(texts), [shown_plainly(text) for text in texts]
    borders = list(pairwise(folded.offsets.tolist()))
    raw, is_symbol = folded.utf8.tobytes(), np.isin(np.arange(len(folded.utf8)), folded.symbols)
    assert [raw[start:stop].decode() for start, stop in borders] == ["".join(c for c, _ in text) for text in shown]
    told = [bytes(folded.utf8[start:stop][is_symbol[start:stop]]).decode() for start, stop in borders]
    assert told == ["".join(c for c, symbol in text if symbol) for text in shown]


def test_what_is_folded_stays_as_it_is() -> None:
    every = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)
    folded = "".join(map(fold_character, every))
    assert "".join(map(fold_character, folded)) == folded
