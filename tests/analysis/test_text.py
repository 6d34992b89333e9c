"""Normal forms and tokens against plain Python."""

from __future__ import annotations

import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.folding import AS_UNICODE_14
from include.analysis.text import normal_form, normal_forms, tokenise
from tests.analysis.test_folding import ANY_TEXT, SPANISH, folded_plainly


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
