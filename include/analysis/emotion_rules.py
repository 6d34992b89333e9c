"""The domain layer: what customers of one business say, and how much evidence it is for and against each emotion.

A file that an analyst edits (data/emotions_feedback.toml says how) becomes numbers here, and these are applied to
comments: levels of evidence, more and less (`muy`, `a veces`), negation with scope, shouting. Numbers are hundredths
of log-odds, whole, so that sums do not depend on the order of adding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from include.analysis.arrays import Flags, Integers, PairedColumns
from include.analysis.emotion_model import DATA, EMOTIONS, runs, shouting
from include.analysis.errors import LexiconError
from include.analysis.lexicon_file import LexiconFile
from include.analysis.matching import Before, Matches, PhraseMatcher
from include.analysis.phrase_syntax import parse_phrases
from include.analysis.strings import filled, twice
from include.analysis.text import Tokens, tokenise

RULES = DATA / "emotions_feedback.toml"

_NOTHING = (0,) * len(EMOTIONS)


@dataclass(frozen=True)
class Phrase:
    """A phrase of the file: the evidence it is for each emotion, what it is when negated, and how far that reaches."""

    text: str
    evidence: tuple[int, ...] = _NOTHING
    when_negated: tuple[int, ...] = _NOTHING
    scope: int = 0


@dataclass(frozen=True)
class Degree:
    """Words that make the phrase after them say more or less, how far they reach, and how much."""

    words: tuple[str, ...]
    reach: int
    percent: int


@dataclass(frozen=True)
class RuleFile:
    """A checked file of rules."""

    phrases: tuple[Phrase, ...]
    negators: tuple[str, ...]
    breakers: tuple[str, ...]
    degrees: tuple[Degree, ...]
    offset: tuple[int, ...]
    model_percent: int
    shouting: int
    exclamation: int
    digest: str


def read_rules(path: Path | None = None) -> RuleFile:
    """The rules of a file, by default the one for feedback.

    Raises LexiconError, naming file and line, when the file cannot be used.
    """
    return _Reader(LexiconFile.read(path or RULES)).read()


class _Reader:
    """Checks a file of rules and turns it into numbers."""

    def __init__(self, file: LexiconFile) -> None:
        self.file = file

    def read(self) -> RuleFile:
        known = {"scale", "levels", "degree", "emphasis", "negation", "neutral", *EMOTIONS}
        for key in self.file.content:
            if key not in known:
                raise self._error(f'unknown section "{key}"; there are {", ".join(sorted(known))}', key)
        self.levels = {level: self._number("levels", level, -2000) for level in self._table("levels")}
        self._table("scale", {"model_percent", "offset"})
        self._table("scale.offset", EMOTIONS)
        self._table("emphasis", {"shouting", "exclamation"})
        negation = self._table("negation", {"scope", "becomes", "negators", "breakers"})
        return RuleFile(
            phrases=self._phrases(),
            negators=self._list("negation", negation, "negators"),
            breakers=self._list("negation", negation, "breakers"),
            degrees=tuple(self._degree(name) for name in self._table("degree")),
            offset=tuple(self._number("scale.offset", emotion, -2000) for emotion in EMOTIONS),
            model_percent=self._number("scale", "model_percent", 0),
            shouting=self._number("emphasis", "shouting", 0),
            exclamation=self._number("emphasis", "exclamation", 0),
            digest=self.file.digest,
        )

    def _error(self, message: str, about: str | None = None, section: str | None = None) -> LexiconError:
        return self.file.error(message, about, self._at(section) if section else 0)

    def _at(self, section: str) -> int:
        return self.file.offset_of(rf"^\s*\[\s*{section.replace('.', chr(92) + '.')}\s*\]")

    def _table(self, section: str, keys: Iterable[str] | None = None, needed: bool = True) -> dict[str, Any]:
        """A section of the file, with no other keys than `keys`."""
        table: Any = self.file.content
        for name in section.split("."):
            table = table.get(name) if isinstance(table, dict) else None
        if table is None and not needed:
            return {}
        if not isinstance(table, dict):
            raise self._error(f"there is no section [{section}]")
        for key in table:
            if keys is not None and key not in keys:
                raise self._error(
                    f'unknown key "{key}" in [{section}]; it takes {", ".join(sorted(keys))}', key, section
                )
        return table

    def _number(self, section: str, key: str, least: int = 1) -> int:
        value = self._table(section).get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 2000:
            raise self._error(f"{key} in [{section}] must be a whole number from {least} to 2000", key, section)
        return value

    def _list(self, section: str, table: dict[str, Any], key: str) -> tuple[str, ...]:
        return tuple(self.file.phrases(table.get(key, []), f"in [{section}], {key}", self._at(section)))

    def _degree(self, name: str) -> Degree:
        section = f"degree.{name}"
        table = self._table(section, {"words", "reach", "percent"})
        return Degree(
            self._list(section, table, "words"), self._number(section, "reach"), self._number(section, "percent", 0)
        )

    def _phrases(self) -> tuple[Phrase, ...]:
        """Every phrase once, with the evidence that all sections together give it."""
        neutral = self._list("neutral", self._table("neutral", {"phrases"}, needed=False), "phrases")
        evidence = {text: [0] * len(EMOTIONS) for text in neutral}
        for text, emotion, weight in self._entries():
            evidence.setdefault(text, [0] * len(EMOTIONS))[emotion] = weight
        becomes, scopes = self._becomes(), self._scopes()

        @cache  # thousands of phrases have some dozens of such rows
        def negation(row: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
            turned = [becomes[emotion] for emotion, weight in enumerate(row) if weight > 0]
            reach = max((scopes[emotion] for emotion, weight in enumerate(row) if weight), default=0)
            return tuple(map(max, zip(*turned, strict=True))) or _NOTHING, reach

        rows = {text: tuple(row) for text, row in evidence.items()}
        return tuple(Phrase(text, row, *negation(row)) for text, row in rows.items())

    def _entries(self) -> Iterator[tuple[str, int, int]]:
        """Phrase, emotion and weight; no phrase twice in an emotion, however it is written."""
        for i, emotion in enumerate(EMOTIONS):
            table = self._table(emotion, self.levels)
            seen: dict[tuple[str, ...], str] = {}
            for level in table:
                texts = self._list(emotion, table, level)
                for text, folded in zip(texts, parse_phrases(texts), strict=True):
                    if folded in seen:
                        where = f"{seen[folded]} and {level}" if seen[folded] != level else level
                        raise self._error(f'"{text}" is twice in [{emotion}], in {where}', text, emotion)
                    seen[folded] = level
                    yield text, i, self.levels[level]

    def _scopes(self) -> list[int]:
        self._table("negation.scope", EMOTIONS)
        return [self._number("negation.scope", emotion, 0) for emotion in EMOTIONS]

    def _becomes(self) -> list[list[int]]:
        """For each emotion the evidence that a negated phrase of it is instead."""
        table = self._table("negation.becomes", EMOTIONS, needed=False)
        rows = [[0] * len(EMOTIONS) for _ in EMOTIONS]
        for emotion, instead in table.items():
            if not isinstance(instead, dict):
                raise self._error(f'{emotion} must be like {{ anger = "weak" }}', emotion, "negation.becomes")
            for to, level in instead.items():
                if to not in EMOTIONS or level not in self.levels:
                    raise self._error(f'"{to} = {level}" is not an emotion and a level', to, "negation.becomes")
                rows[EMOTIONS.index(emotion)][EMOTIONS.index(to)] = self.levels[level]
        return rows


class DomainRules:
    """Rules that are applied to comments. `phrases` is what has to be found in them."""

    def __init__(self, file: RuleFile) -> None:
        self.file, self.digest = file, file.digest
        texts = [phrase.text for phrase in file.phrases]
        kinds: list[tuple[str, ...]] = [tuple(texts), file.negators, file.breakers, *(d.words for d in file.degrees)]
        self.phrases = tuple(text for kind in kinds for text in kind)
        self._kind = np.repeat(np.arange(len(kinds)), [len(kind) for kind in kinds])
        self._evidence = np.array([phrase.evidence for phrase in file.phrases], np.int64)
        self._when_negated = np.array([phrase.when_negated for phrase in file.phrases], np.int64)
        self._scope = np.array([phrase.scope for phrase in file.phrases], np.int64)
        # Phrases with a negator in them say what they say; a negator before them does not turn them round.
        holds = PhraseMatcher(file.negators).find(tokenise([text.replace("*", "") for text in texts]))
        self._own_negation = np.zeros(len(texts), bool)
        self._own_negation[holds.owner] = True

    def weigh(self, tokens: Tokens, found: Matches) -> tuple[Integers, Flags]:
        """The evidence for each emotion in each comment (without offset), and which tokens it was read from.

        `found` are the matches of `phrases`, in order of their words.
        """
        kind = self._kind[found.phrase]
        barriers = np.sort(np.concatenate((tokens.clause_marks, found.start[kind == 2])), kind="stable")
        found = found.only(kind != 2).longest()
        kind = self._kind[found.phrase]
        said = found.only(kind == 0)
        last = found.end - 1
        before = Before(tokens, said.start, barriers)
        turned = before.has(np.sort(last[kind == 1]), self._scope[said.phrase])
        turned &= ~self._own_negation[said.phrase]
        weights = self._evidence.take(said.phrase, axis=0)
        weights[turned] = self._when_negated.take(said.phrase[turned], axis=0)
        for i, degree in enumerate(self.file.degrees):
            words = np.sort(last[kind == 3 + i])
            meant = np.flatnonzero(before.has(words, degree.reach) & ~turned)
            plain = weights.take(meant, axis=0)
            weights[meant] = np.where(plain > 0, plain * degree.percent // 100, plain)
        evidence = self._once(said, weights, len(tokens.offsets) - 1)
        return self._emphasise(tokens, evidence), _covered(said, len(tokens.ids))

    @staticmethod
    def _once(said: Matches, weights: Integers, comments: int) -> Integers:
        """What matches the same words ("decepcion*", "decepcionad*") counts once: the strongest for and against."""
        firsts = np.flatnonzero(np.diff(said.start, prepend=-1) | np.diff(said.length, prepend=-1))
        sizes = np.diff(firsts, append=len(said))
        found = weights.take(firsts, axis=0)
        several = np.flatnonzero(sizes > 1)
        most, least = np.maximum(found[several], 0), np.minimum(found[several], 0)
        for place in range(1, sizes.max(initial=0)):
            more = np.flatnonzero(sizes[several] > place)
            other = weights.take(firsts[several[more]] + place, axis=0)
            most[more], least[more] = np.maximum(most[more], other), np.minimum(least[more], other)
        found[several] = most + least
        return PairedColumns.of(found).sums(np.arange(len(found)), runs(said.owner[firsts], comments))

    def _emphasise(self, tokens: Tokens, evidence: Integers) -> Integers:
        texts = filled(tokens.texts)
        loud = shouting(texts) * self.file.shouting
        loud += twice(texts, "!") * self.file.exclamation
        emphasised: Integers = evidence + loud[:, None] * (evidence > 0)
        return emphasised


def _covered(said: Matches, tokens: int) -> Flags:
    """The tokens that lie in a match."""
    depth = np.bincount(said.start, minlength=tokens + 1) - np.bincount(said.end, minlength=tokens + 1)
    covered: Flags = np.cumsum(depth)[:-1] > 0
    return covered
