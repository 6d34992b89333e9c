"""How words are spelled in comments: drawn out, by sound, abbreviated."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ABBREVIATIONS: dict[str, str] = tomllib.loads(
    (Path(__file__).parent / "data" / "abbreviations.toml").read_text(encoding="utf-8")
)

_LETTER_RUN = re.compile(r"([^\W\d])\1{2,}")
_DOUBLE = re.compile(r"([^\W\dlr])\1")
_SILENT_H = re.compile(r"(?<!c)h")
_DOUBLE_C = re.compile(r"[cx]c(?=[ei])")
_SOFT_C = re.compile(r"c(?=[ei])")
_N_FOR_M = re.compile(r"n(?=[bp])")
_SAME_SOUND = str.maketrans("vz", "bs")
_SOUND_LENGTH = 5  # of shorter words too many differ in these letters alone: vos and Vox, vez and ves
_STEM_SOUND_LENGTH = 4


def sound(word: str) -> str:
    """One spelling for the ways in which a folded word is commonly misspelled: servisio, belocidad, coneccion."""
    word = _SOFT_C.sub("s", _DOUBLE_C.sub("x", _SILENT_H.sub("", word)))
    return _DOUBLE.sub(r"\1", _N_FOR_M.sub("m", word.translate(_SAME_SOUND)))


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
    return {stem} | {sound(stem + tail)[:-1] for tail in tails}
