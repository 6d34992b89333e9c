"""Words, stems and phrases found in tokenised comments, a whole slice at a time.

Lexicon files write phrases as people do: `se corta`, `lent*` (every word that begins so), `mba'éichapa`, an emoji.
Python runs once per distinct word of a slice; everything per comment and per token is an array operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from include.analysis.errors import LexiconError
from include.analysis.spelling import spellings, stem_forms, word_forms
from include.analysis.text import Tokens, tokenise

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

CLAUSE_MARK = "."
LONGEST_PHRASE = 8
SHORTEST_STEM = 2
CACHED_WORDS = 400_000


class PhraseError(LexiconError):
    """A phrase that could never match, or would match nearly everything."""

    def __init__(self, phrase: str, problem: str) -> None:
        super().__init__(f'"{phrase}": {problem}')
        self.phrase = phrase


def parse_phrases(phrases: Sequence[str]) -> list[tuple[str, ...]]:
    """The elements of phrases as written in a data file: folded words and symbols, stems with their `*` kept.

    Raises PhraseError for the first phrase that cannot be used.
    """
    chunks = [phrase.split() for phrase in phrases]
    tokens = tokenise([chunk.removesuffix("*") for chunk in chain.from_iterable(chunks)])
    words = [tokens.vocabulary[i] for i in tokens.ids.tolist()]
    bounds = iter(pairwise(tokens.offsets.tolist()))
    parsed = []
    for phrase, parts in zip(phrases, chunks, strict=True):
        elements: list[str] = []
        for chunk in parts:
            start, stop = next(bounds)
            elements += _elements(phrase, chunk, words[start:stop])
        if not 1 <= len(elements) <= LONGEST_PHRASE:
            raise PhraseError(phrase, f"a phrase has 1 to {LONGEST_PHRASE} words, this one has {len(elements)}")
        parsed.append(tuple(elements))
    return parsed


def _elements(phrase: str, chunk: str, words: list[str]) -> list[str]:
    if CLAUSE_MARK in words:
        raise PhraseError(phrase, "a phrase never matches across a punctuation mark; leave the mark out")
    if "*" not in chunk:
        return words
    if "*" in chunk[:-1] or not words or len(words[-1]) < SHORTEST_STEM:
        raise PhraseError(phrase, f"a * may stand only after the first {SHORTEST_STEM} or more letters of a word")
    return [*words[:-1], words[-1] + "*"]


@dataclass(frozen=True)
class Matches:
    """Where phrases were found, ordered by start, length and phrase; the four arrays are equally long.

    `phrase` is the index of the phrase, `owner` the comment, `start` the position of the first token among all tokens
    of the slice, `length` the number of tokens.
    """

    phrase: Integers
    owner: Integers
    start: Integers
    length: Integers

    def __len__(self) -> int:
        return len(self.phrase)

    @property
    def end(self) -> Integers:
        """The position after the last token of each match."""
        return self.start + self.length

    def only(self, kept: Flags) -> Matches:
        """The matches where `kept` is true."""
        return Matches(self.phrase[kept], self.owner[kept], self.start[kept], self.length[kept])

    def longest(self) -> Matches:
        """Without the matches that lie wholly inside a longer match; matches of equal extent stay together."""
        if not len(self):
            return self
        order = np.lexsort((-self.length, self.start))
        start, end = self.start[order], self.end[order]
        fresh = np.concatenate(([True], (start[1:] != start[:-1]) | (end[1:] != end[:-1])))
        reach = np.maximum.accumulate(end[fresh])
        inside = np.concatenate(([False], reach[:-1] >= end[fresh][1:]))
        kept = np.empty(len(self), bool)
        kept[order] = ~inside[np.cumsum(fresh) - 1]
        return self.only(kept)


@dataclass(frozen=True)
class _Lists:
    """Lists of integers, one after another: list i is `values[starts[i]:starts[i] + counts[i]]`."""

    starts: Integers
    counts: Integers
    values: Integers

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> _Lists:
        counts = np.fromiter(map(len, lists), np.int64, len(lists))
        values = np.fromiter(chain.from_iterable(lists), np.int64, int(counts.sum()))
        return cls(np.cumsum(counts) - counts, counts, values)

    def expand(self, keys: npt.NDArray[np.integer[Any]]) -> tuple[Integers, Integers]:
        """Every value of the lists named by `keys`: which key (its position) and the value."""
        filled = np.flatnonzero((self.counts > 0)[keys])
        keys = keys[filled]
        counts = self.counts[keys]
        which = np.repeat(filled, counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return which, self.values[np.repeat(self.starts[keys], counts) + within]


class PhraseMatcher:
    """Finds a fixed list of words, stems (`cort*`) and phrases of those in tokenised comments.

    A word of a phrase matches a word of a comment when it is one of its `spellings`. Raises PhraseError for a phrase
    that `parse_phrases` does not take. A phrase that is listed twice is found twice.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        self.phrases = tuple(phrases)
        parsed = parse_phrases(self.phrases)
        atoms = {atom: i for i, atom in enumerate(dict.fromkeys(chain.from_iterable(parsed)))}
        self._index_atoms(atoms)
        self._build_trie([[atoms[atom] for atom in elements] for elements in parsed], len(atoms))
        self._known: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def _index_atoms(self, atoms: dict[str, int]) -> None:
        self._words: dict[str, list[int]] = {}
        self._stems: dict[str, list[int]] = {}
        for atom, i in atoms.items():
            stem = atom.endswith("*")
            for form in stem_forms(atom[:-1]) if stem else word_forms(atom):
                (self._stems if stem else self._words).setdefault(form, []).append(i)
        self._stem_lengths = sorted({len(stem) for stem in self._stems})

    def _build_trie(self, phrases: list[list[int]], atoms: int) -> None:
        steps: dict[tuple[int, int], int] = {}
        ends: list[list[int]] = [[]]
        for i, phrase in enumerate(phrases):
            state = 0
            for atom in phrase:
                if (state, atom) not in steps:
                    steps[state, atom] = len(ends)
                    ends.append([])
                state = steps[state, atom]
            ends[state].append(i)
        self._roots = {atom: to for (state, atom), to in steps.items() if state == 0}
        inner = sorted((state * atoms + atom, to) for (state, atom), to in steps.items() if state)
        self._inner_atoms = {key % atoms for key, _ in inner}
        self._atoms = atoms
        self._step_keys = np.array([key for key, _ in inner], np.int64)
        self._step_to = np.array([to for _, to in inner], np.int64)
        self._ends = _Lists.of(ends)
        self._goes_on = np.zeros(len(ends), bool)
        self._goes_on[self._step_keys // max(atoms, 1)] = True

    def _meet(self, word: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The states that a word leads to from the root, and the atoms that it is inside phrases."""
        forms = spellings(word)
        atoms = set(chain.from_iterable(self._words.get(form, ()) for form in forms))
        for form in forms:
            for length in self._stem_lengths:
                if length > len(form):
                    break
                atoms.update(self._stems.get(form[:length], ()))
        return (
            tuple(self._roots[atom] for atom in sorted(atoms & self._roots.keys())),
            tuple(sorted(atoms & self._inner_atoms)),
        )

    def _tables(self, vocabulary: Sequence[str]) -> tuple[_Lists, _Lists]:
        known = self._known
        if len(known) + len(vocabulary) > CACHED_WORDS:
            known.clear()
        for word in vocabulary:
            if word not in known:
                known[word] = self._meet(word)
        return _Lists.of([known[word][0] for word in vocabulary]), _Lists.of([known[word][1] for word in vocabulary])

    def find(self, tokens: Tokens) -> Matches:
        """All matches of all phrases, overlapping ones too, never across comments or clause marks."""
        roots, inner = self._tables(tokens.vocabulary)
        starts, states = roots.expand(tokens.ids)
        found: list[Integers] = []
        length = 1
        while len(starts):
            which, phrases = self._ends.expand(states)
            found.append((starts[which] * (LONGEST_PHRASE + 1) + length) * len(self.phrases) + phrases)
            starts, states = self._step(tokens, inner, starts, states, length)
            length += 1
        codes = np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)
        places, phrase = np.divmod(codes, max(len(self.phrases), 1))
        start, lengths = np.divmod(places, LONGEST_PHRASE + 1)
        return Matches(phrase, tokens.owner[start], start, lengths)

    def _step(
        self, tokens: Tokens, inner: _Lists, starts: Integers, states: Integers, length: int
    ) -> tuple[Integers, Integers]:
        """Lengthen every match that may go on by the token after it."""
        alive = self._goes_on[states]
        starts, states = starts[alive], states[alive]
        inside = starts + length < tokens.offsets[tokens.owner[starts] + 1]
        starts, states = starts[inside], states[inside]
        which, atoms = inner.expand(tokens.ids[starts + length])
        keys = states[which] * self._atoms + atoms
        places = np.searchsorted(self._step_keys, keys)
        places[places == len(self._step_keys)] = 0
        taken = self._step_keys[places] == keys if len(self._step_keys) else np.zeros(0, bool)
        return starts[which[taken]], self._step_to[places[taken]]


def clause_marks(tokens: Tokens) -> Integers:
    """The positions of the clause marks, ascending."""
    if CLAUSE_MARK not in tokens.vocabulary:
        return np.zeros(0, np.int64)
    return np.flatnonzero(tokens.ids == list(tokens.vocabulary).index(CLAUSE_MARK))


def negated(
    tokens: Tokens, starts: Integers, negators: Integers, barriers: Integers, scope: int | Integers
) -> npt.NDArray[np.bool_]:
    """Of matches that start at `starts`: is there a negator in the `scope` tokens before, with no barrier between?

    `negators` and `barriers` are ascending token positions (see `clause_marks`); a negation never leaves its comment.
    `scope` is one number or one a match.
    """
    last = _last_before(negators, starts)
    first = tokens.offsets[tokens.owner[starts]]
    return (last >= first) & (last > _last_before(barriers, starts)) & (starts - last <= scope)


def _last_before(positions: Integers, places: Integers) -> Integers:
    """For each place the last of the ascending positions before it; -1 where there is none."""
    return np.concatenate((np.full(1, -1, np.int64), positions))[np.searchsorted(positions, places)]
