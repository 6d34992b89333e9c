"""Typical phrases of some comments among others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.analysis.phrases import FEWEST_COMMENTS, PhraseTable

TEXTS = [
    "la fibra anda muy bien",
    "La Fibra se cortó",
    "cambiaron la fibra óptica",
    "fibra óptica nueva",
    "instalaron fibra óptica",
    "el perro ladra",
    "el perro ladra mucho",
    "mi perro ladra",
]
MEMBER = np.array([True] * 5 + [False] * 3)


def typical(texts: list[str], member: np.ndarray) -> list[tuple[str, int]]:
    table = PhraseTable(pa.array(texts))
    phrases = table.typical(member)
    return list(zip(table.spelled(phrases), (phrase.comments for phrase in phrases), strict=True))


def test_phrases_that_these_comments_have_and_others_have_not() -> None:
    assert typical(TEXTS, MEMBER) == [("fibra", 5), ("óptica", 3)]
    assert typical(TEXTS, ~MEMBER) == [("perro ladra", 3)]


def test_a_phrase_takes_the_place_of_parts_that_come_hardly_without_it() -> None:
    texts = ["fibra óptica nueva", "fibra óptica", "la fibra óptica", "hola", "buenas", "chau"]
    assert typical(texts, np.arange(6) < 3) == [("fibra óptica", 3)]


def test_a_phrase_needs_some_comments_and_no_punctuation_inside() -> None:
    texts = ["perro gato"] * (FEWEST_COMMENTS - 1) + ["perro, gato", "nada", "todo"]
    assert typical(texts, np.arange(len(texts)) < 3) == [("gato", 3), ("perro", 3)]


def test_function_words_neither_begin_nor_end_a_phrase() -> None:
    texts = ["la red de fibra"] * 3 + ["otra cosa"] * 3
    assert typical(texts, np.arange(6) < 3) == [("red de fibra", 3)]


def test_shown_as_people_write_it_most() -> None:
    texts = ["Conexión mala", "conexión mala", "CONEXION mala", "hola", "buenas", "chau"]
    assert typical(texts, np.arange(6) < 3) == [("conexión mala", 3)]


@pytest.mark.parametrize("private", ["0981 123456", "4111 1111 1111 1111", "ana@ejemplo.com"])
def test_numbers_and_addresses_are_no_phrases(private: str) -> None:
    texts = [f"llamar {private}"] * 3 + ["hola", "buenas", "chau"]
    found = typical(texts, np.arange(6) < 3)
    assert not any(piece in phrase for phrase, _ in found for piece in private.split() if not piece.isalpha())


def test_examples_have_the_most_phrases_and_say_different_things() -> None:
    table = PhraseTable(pa.array([*TEXTS[:5], TEXTS[3].upper(), *TEXTS[5:]]))
    member = np.arange(9) < 6
    phrases = table.typical(member)
    assert table.examples(member, phrases) == [
        "fibra óptica nueva",
        "instalaron fibra óptica",
        "cambiaron la fibra óptica",
    ]


def test_nothing_in_nothing_out() -> None:
    table = PhraseTable(pa.array([], pa.string()))
    assert table.typical(np.zeros(0, bool)) == table.examples(np.zeros(0, bool), []) == []
