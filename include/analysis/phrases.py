"""Typical phrases: runs of one to three words that comments of one kind have more often than others.

How typical a phrase is says Pearson's chi-squared of the two-by-two table of comments of the kind or not, with the
phrase or not (a measure of keyness: Kilgarriff, "Comparing corpora", 2001). It takes sums, products and one division,
so it is the same on every machine, which logarithms are not.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.analysis.arrays import Flags, Integers
from include.analysis.folding import AS_UNICODE_14
from include.analysis.privacy import mask
from include.analysis.strings import blocks
from include.analysis.text import normal_forms, tokenise

LONGEST = 3
FEWEST_COMMENTS = 3
SHOWN = 10
EXAMPLES = 3
SAME_PLACES = 0.5
"""A phrase is left out when a more typical one, inside or around it, has at least this share of its comments."""
HARDLY_WITHOUT = 0.9
"""A phrase takes the place of its parts when it has at least this share of their comments."""
CONSIDERED = 20 * SHOWN
SPELLINGS_READ = 20
ID_BITS = 20
LONGEST_EXAMPLE = 300
SHORTEST_EXAMPLE = 3
LONG_NUMBER = 4
"""Of as many digits, a number may be a part of a telephone or document number."""


@dataclass(frozen=True)
class Phrase:
    """A phrase of a kind of comments: its number and words, and how many comments of the kind, and of all, have it."""

    number: int
    words: tuple[str, ...]
    comments: int
    of_all: int

    @cached_property
    def _spaced(self) -> str:
        return f" {' '.join(self.words)} "

    def is_in(self, other: Phrase) -> bool:
        """Whether its words are among those of another, one after another."""
        return self._spaced in other._spaced


@lru_cache
def _never_first_or_last() -> tuple[frozenset[str], frozenset[str]]:
    """The words that no phrase begins with, and those that no phrase ends with."""
    content = tomllib.loads((Path(__file__).parent / "data" / "function_words.toml").read_text(encoding="utf-8"))
    words, openers = frozenset(content["words"]), frozenset(content["openers"])
    return words - openers, words | openers


class PhraseTable:
    """The phrases of a column of comments that at least FEWEST_COMMENTS of them have, and which comments have them.

    A phrase is a run of words without punctuation between; it begins and ends with a word that says something.
    """

    def __init__(self, texts: pa.StringArray) -> None:
        self.texts = texts
        self._number_words(texts)
        self._words_of: list[Integers] = []
        phrases, comments, count = [], [], 0
        for length in range(1, LONGEST + 1):
            words, phrase, comment = self._runs(length)
            self._words_of.append(words)
            phrases.append(phrase + count)
            comments.append(comment)
            count += len(words)
        self._phrase, self._comment = np.concatenate(phrases), np.concatenate(comments)
        self._of_all = np.bincount(self._phrase, minlength=count)

    def _number_words(self, texts: pa.StringArray) -> None:
        """Give the words that come often enough a number from 1 on; everything else is 0, and ends a phrase."""
        numbers: dict[str, int] = {}
        ids, owners, before = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
        for block in blocks(texts):
            tokens = tokenise(block)
            of_word = [numbers.setdefault(word, len(numbers)) for word in tokens.vocabulary]
            ids.append(np.array(of_word, np.int64)[tokens.ids])
            owners.append(tokens.owner + before)
            before += len(block)
        every, self._owner = np.concatenate(ids), np.concatenate(owners)
        words = list(numbers)
        often = np.bincount(every, minlength=len(words)) >= FEWEST_COMMENTS
        often &= np.array([word.isalnum() for word in words], bool)
        self._words = ["", *(words[i] for i in np.flatnonzero(often).tolist())]
        assert len(self._words) <= 1 << ID_BITS
        self._ids = np.where(often, np.cumsum(often), 0)[every]

    def _runs(self, length: int) -> tuple[Integers, Integers, Integers]:
        """The phrases of that many words, a row of word numbers each; then the phrase and comment of each find."""
        never_first, never_last = _never_first_or_last()
        first = np.array([word != "" and word not in never_first for word in self._words])
        last = np.array([word != "" and word not in never_last for word in self._words])
        count = max(0, len(self._ids) - length + 1)
        columns = [self._ids[i : i + count] for i in range(length)]
        kept = first[columns[0]] & last[columns[-1]] & (self._owner[:count] == self._owner[length - 1 :][:count])
        for column in columns[1:-1]:
            kept &= column > 0
        keys = np.zeros(int(kept.sum()), np.int64)
        for column in columns:
            keys = (keys << ID_BITS) | column[kept]
        order = np.argsort(keys, kind="stable")
        keys, comment = keys[order], self._owner[:count][kept][order]
        fresh = np.diff(keys, prepend=-1) != 0
        once = fresh | (np.diff(comment, prepend=-1) != 0)
        keys, comment, fresh = keys[once], comment[once], fresh[once]
        phrase = np.cumsum(fresh) - 1
        often = np.bincount(phrase, minlength=int(fresh.sum())) >= FEWEST_COMMENTS
        different = keys[fresh][often]
        words = np.column_stack([(different >> (ID_BITS * i)) & ((1 << ID_BITS) - 1) for i in reversed(range(length))])
        in_often = often[phrase]
        return words, (np.cumsum(often) - 1)[phrase[in_often]], comment[in_often]

    def typical(self, member: Flags) -> list[Phrase]:
        """The phrases that are most typical of these comments against all others, most typical first."""
        size, total = int(member.sum()), len(member)
        inside = np.bincount(self._phrase[member[self._comment]], minlength=len(self._of_all))
        more = total * inside - self._of_all * size  # above zero: more often here than elsewhere
        spread = self._of_all.astype(np.float64) * (total - self._of_all) * size * (total - size)
        able = np.flatnonzero((more > 0) & (inside >= FEWEST_COMMENTS) & (spread > 0))
        chi_squared = more[able].astype(np.float64) ** 2 / spread[able]
        if len(able) > CONSIDERED:
            kept = chi_squared >= np.partition(chi_squared, -CONSIDERED)[-CONSIDERED]
            able, chi_squared = able[kept], chi_squared[kept]
        ranked = sorted(
            (-typicality, -int(inside[number]), self._text_of(number), number)
            for typicality, number in zip(chi_squared.tolist(), able.tolist(), strict=True)
        )
        chosen: list[Phrase] = []
        for _, comments, words, number in ranked:
            if _shows_nothing_private(words):
                _choose(chosen, Phrase(number, words, -comments, int(self._of_all[number])))
        return chosen[:SHOWN]

    def _text_of(self, number: int) -> tuple[str, ...]:
        for words in self._words_of:
            if number < len(words):
                return tuple(self._words[i] for i in words[number].tolist())
            number -= len(words)
        raise IndexError(number)

    def spelled(self, phrases: Sequence[Phrase]) -> list[str]:
        """The phrases as comments write them most often, in small letters: words are found without their accents."""
        read = [self._comment[self._phrase == phrase.number][:SPELLINGS_READ] for phrase in phrases]
        texts = self.texts.take(pa.array(np.concatenate([np.zeros(0, np.int64), *read])))
        written = iter(_written(texts))
        spelled = []
        for phrase, comments in zip(phrases, read, strict=True):
            found = Counter(filter(None, (_spelling(*next(written), phrase.words) for _ in range(len(comments)))))
            spelled.append(
                min(found, key=lambda spelling: (-found[spelling], spelling), default=" ".join(phrase.words))
            )
        return spelled

    def examples(self, member: Flags, phrases: list[Phrase]) -> list[str]:
        """Different comments that have the most of these phrases; of several the shortest, and then the first."""
        numbers = np.array([phrase.number for phrase in phrases], np.int64)
        held = np.bincount(self._comment[np.isin(self._phrase, numbers)], minlength=len(member))
        words = np.bincount(self._owner, minlength=len(member))
        able = np.flatnonzero(member & (words >= SHORTEST_EXAMPLE))
        order = able[np.lexsort((able, words[able], -held[able]))][:CONSIDERED]
        texts = self.texts.take(pa.array(order))
        shown: dict[str, str] = {}
        for form, text in zip(normal_forms(texts).to_pylist(), texts.to_pylist(), strict=True):
            if len(shown) < EXAMPLES and len(text) <= LONGEST_EXAMPLE:
                shown.setdefault(form, text)
        return list(shown.values())


def _choose(chosen: list[Phrase], phrase: Phrase) -> None:
    """Add a phrase, in place of its parts where these come hardly without it; not when it comes mostly with another."""
    parts = [c for c in chosen if phrase.comments >= HARDLY_WITHOUT * c.comments and c.is_in(phrase)]
    if parts:
        chosen[chosen.index(parts[0])] = phrase
        for part in parts[1:]:
            chosen.remove(part)
    elif not any(_mostly_with(phrase, c) and (c.is_in(phrase) or phrase.is_in(c)) for c in chosen):
        chosen.append(phrase)


def _mostly_with(phrase: Phrase, other: Phrase) -> bool:
    few, many = sorted((phrase.comments, other.comments))
    return few >= SAME_PLACES * many


def _shows_nothing_private(words: tuple[str, ...]) -> bool:
    """Whether a phrase has a word, at most one number and a short one, and nothing that is masked."""
    numbers = [word for word in words if not word.isalpha()]
    text = " ".join(words)
    return len(numbers) < min(2, len(words)) and all(len(n) < LONG_NUMBER for n in numbers) and mask(text) == text


def _written(texts: pa.StringArray) -> Iterator[tuple[list[str], list[str]]]:
    """The words of each text as written (in small letters) and as tokens, none where there are not as many of both."""
    tokens = tokenise(texts)
    for text, (start, stop) in zip(texts.to_pylist(), pairwise(tokens.offsets.tolist()), strict=True):
        written = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text.translate(AS_UNICODE_14)).lower())
        folded = [tokens.vocabulary[i] for i in tokens.ids[start:stop].tolist()]
        folded = [word for word in folded if word.isalnum()]
        yield (written, folded) if len(written) == len(folded) else ([], [])


def _spelling(written: list[str], folded: list[str], words: tuple[str, ...]) -> str | None:
    for i in range(len(folded) - len(words) + 1):
        if tuple(folded[i : i + len(words)]) == words:
            return " ".join(written[i : i + len(words)])
    return None
