"""Phrases as people write them in lexicon files.

`se corta`, `lent*` (every word that begins so), `mba'éichapa`, an emoji, `no llega ... pieza|cuarto` (up to three words
between, and one word or the other).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from include.analysis.errors import LexiconError
from include.analysis.folding import CLAUSE_MARK
from include.analysis.text import tokenise

GAPS = frozenset({"...", "…"})
GAP = "..."
OR = "|"
LONGEST_GAP = 3
LONGEST_PHRASE = 8
LONGEST_MATCH = 12
SHORTEST_STEM = 2


class PhraseError(LexiconError):
    """A phrase that could never match, or would match nearly everything."""

    def __init__(self, phrase: str, problem: str) -> None:
        super().__init__(f'"{phrase}": {problem}')
        self.phrase, self.problem = phrase, problem


_parsed: dict[str, tuple[str, ...]] = {}
"""Each phrase that was parsed: a file's are checked when it is read, and parsed again when a matcher is made."""


def parse_phrases(phrases: Sequence[str]) -> list[tuple[str, ...]]:
    """The elements of phrases as written in a data file.

    An element is a folded word or symbol, a stem with its `*` kept, several of these with | between, or GAP.
    Raises PhraseError for the first phrase that cannot be used.
    """
    fresh = [phrase for phrase in phrases if phrase not in _parsed]
    if fresh:
        _parsed.update(zip(fresh, _parse(fresh), strict=True))
    return [_parsed[phrase] for phrase in phrases]


def _parse(phrases: Sequence[str]) -> list[tuple[str, ...]]:
    chunks = [[chunk.split(OR) for chunk in phrase.split()] for phrase in phrases]
    pieces = [piece for parts in chunks for choices in parts for piece in choices]
    tokens = tokenise(["" if piece in GAPS else piece.removesuffix("*") for piece in pieces])
    words = [tokens.vocabulary[i] for i in tokens.ids.tolist()]
    bounds = iter(pairwise(tokens.offsets.tolist()))
    parsed = []
    for phrase, parts in zip(phrases, chunks, strict=True):
        elements: list[str] = []
        for choices in parts:
            found = [_elements(phrase, piece, words[slice(*next(bounds))]) for piece in choices]
            elements += found[0] if len(found) == 1 else [_choice(phrase, found)]
        _check_size(phrase, elements)
        parsed.append(tuple(elements))
    return parsed


def _choice(phrase: str, found: list[list[str]]) -> str:
    if any(len(elements) != 1 or elements[0] == GAP for elements in found):
        raise PhraseError(phrase, "on both sides of a | stands a single word")
    return OR.join(elements[0] for elements in found)


def _check_size(phrase: str, elements: list[str]) -> None:
    gaps = elements.count(GAP)
    count = len(elements) - gaps
    if not 1 <= count <= LONGEST_PHRASE:
        raise PhraseError(phrase, f"a phrase has 1 to {LONGEST_PHRASE} words, this one has {count}")
    if GAP in (elements[0], elements[-1]) or (GAP, GAP) in pairwise(elements):
        raise PhraseError(phrase, "a ... stands between two words")
    if count + gaps * LONGEST_GAP > LONGEST_MATCH:
        raise PhraseError(phrase, f"with {LONGEST_GAP} words for each ... a phrase has at most {LONGEST_MATCH} words")


def _elements(phrase: str, piece: str, words: list[str]) -> list[str]:
    if piece in GAPS:
        return [GAP]
    if CLAUSE_MARK in words:
        raise PhraseError(phrase, "a phrase never matches across a punctuation mark; leave the mark out")
    if "*" not in piece:
        return words
    if "*" in piece[:-1] or not words or len(words[-1]) < SHORTEST_STEM:
        raise PhraseError(phrase, f"a * may stand only after the first {SHORTEST_STEM} or more letters of a word")
    return [*words[:-1], words[-1] + "*"]
