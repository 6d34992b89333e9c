"""How words are spelled in comments: drawn out, by sound, abbreviated, with a letter wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "data" / name).read_text(encoding="utf-8"))


ABBREVIATIONS: dict[str, str] = _read("abbreviations.toml")
CORRECT_WORDS: frozenset[str] = frozenset(_read("correct_words.toml")["words"])

_LETTER_RUN = re.compile(r"([^\W\d])\1{2,}")
_DOUBLE = re.compile(r"([^\W\dlr])\1")
_SILENT_H = re.compile(r"(?<!c)h")
_DOUBLE_C = re.compile(r"[cx]c(?=[ei])")
_SOFT_C = re.compile(r"c(?=[ei])")
_N_FOR_M = re.compile(r"n(?=[bp])")
_SAME_SOUND = str.maketrans("vz", "bs")
_SOUND_LENGTH = 5  # of shorter words too many differ in these letters alone: vos and Vox, vez and ves
_STEM_SOUND_LENGTH = 4
_SHORTEST_SOUND = 3  # of a stem: haha* sounds like "a", with which any word may begin
_CORRECTED_LENGTH = 6  # among shorter words too many are one letter apart: caro and carro, dudas and deudas
_EXCHANGED_LENGTH = 8  # and of these too many differ in one letter: previo, precio and premio


def sound(word: str) -> str:
    """One spelling for the ways in which a folded word is commonly misspelled: servisio, belocidad, coneccion."""
    if "h" in word:
        word = _SILENT_H.sub("", word)
    if "c" in word:
        word = _SOFT_C.sub("s", _DOUBLE_C.sub("x", word))
    word = word.translate(_SAME_SOUND)
    return _DOUBLE.sub(r"\1", _N_FOR_M.sub("m", word) if "n" in word else word)


def spellings(word: str) -> set[str]:
    """What a folded word of a comment may stand for: itself, without drawn-out letters, by sound, in full."""
    short = _LETTER_RUN.sub(r"\1", word)
    forms = {word, short}
    if len(short) >= _SOUND_LENGTH:
        forms.add(sound(short))
    elif short in ABBREVIATIONS:
        forms.add(ABBREVIATIONS[short])
    return forms


def word_forms(word: str) -> set[str]:
    """The spellings under which a word of a lexicon is looked for."""
    return {word, sound(word)} if len(word) >= _SOUND_LENGTH else {word}


def stem_forms(stem: str) -> set[str]:
    """A stem as written and by sound, where the sound of its last letter depends on what follows."""
    if len(stem) < _STEM_SOUND_LENGTH:
        return {stem}
    tails = ("o" if stem[-1] == "a" else "a", "i" if stem[-1] == "e" else "e", "p" if stem[-1] in "bv" else "b")
    return {stem} | {form for tail in tails if len(form := sound(stem + tail)[:-1]) >= _SHORTEST_SOUND}


class Corrections:
    """Finds the words of a lexicon that a misspelled word stands for: those that differ in one letter.

    One letter is missing or too many, two neighbours are swapped, or (in words of at least eight letters) one letter
    is another: the optimal string alignment distance is 1. The first letter is right, and both words have at least
    six. `CORRECT_WORDS` are never misspellings. Words are looked up by what is left of them without one letter, as in
    SymSpell (W. Garbe, 2012).
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._shortened: dict[str, list[str]] = {}
        for word in words:
            if len(word) >= _CORRECTED_LENGTH and word.isalpha():
                for short in _without_a_letter(word):
                    self._shortened.setdefault(short, []).append(word)

    def of(self, word: str) -> set[str]:
        """The words of the lexicon that differ from `word`, or from its sound, in one letter."""
        if len(word) < _CORRECTED_LENGTH or word in CORRECT_WORDS or not word.isalpha():
            return set()
        return {
            near
            for form in spellings(word)
            for short in _without_a_letter(form)
            for near in self._shortened.get(short, ())
            if _one_letter_apart(form, near)
        }


def _without_a_letter(word: str) -> set[str]:
    """The word, and what is left of it without each one of its letters but the first."""
    return {word} | {word[:i] + word[i + 1 :] for i in range(1, len(word))}


def _one_letter_apart(left: str, right: str) -> bool:
    """Whether one letter more or less, two swapped, or in a long word one exchanged, make one word of the other."""
    if len(left) > len(right):
        left, right = right, left
    same = next((i for i, letter in enumerate(left) if letter != right[i]), len(left))
    rest, other = left[same:], right[same:]
    if len(left) < len(right):
        return rest == other[1:]
    exchanged = rest[1:] == other[1:] and len(left) >= _EXCHANGED_LENGTH
    return exchanged or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
