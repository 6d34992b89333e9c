"""Comments to show as examples: short enough to read, clear in what they feel, different from each other, masked.

The choice depends on the rows alone, not on how they arrive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Flags, Integers
from include.analysis.emotion_model import EMOTIONS
from include.analysis.privacy import example
from include.analysis.report.tally import KINDS, RowFacts
from include.analysis.strings import filled
from include.analysis.text import normal_form

CANDIDATES = 16
SHOWN = 3
LENGTH_SHOWN = 260
_GOOD_LENGTH, _FAIR_LENGTH = (30, 200), (12, 320)
_ALIKE = 0.5
_STRONG = 0.7


@dataclass(frozen=True, order=True)
class Candidate:
    """A comment that may be shown; the best sorts first."""

    rank: int  # the lower the better
    row: int
    text: str


@dataclass(frozen=True)
class Example:
    """A comment that is shown: its row in the files, its text (masked), its emotion."""

    row: int
    text: str
    emotion: str


@dataclass
class ExampleChoice:
    """The best candidates among all rows that were added: by emotion, and by theme and emotion."""

    by_emotion: defaultdict[int, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    by_theme: defaultdict[tuple[str, int], list[Candidate]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: pa.Table, facts: RowFacts, text_column: str) -> None:
        """Look for candidates in a table."""
        texts = table[text_column].combine_chunks()
        row = table["row"].to_numpy()
        usable = facts.filled & facts.first
        unfit, clear = _unfit(texts), _clearness(table, facts.emotion)
        themes = _theme_counts(facts)
        offer = _Offer(texts, row)
        for emotion in range(len(KINDS)):
            mine = np.flatnonzero(usable & (facts.emotion == emotion))
            offer.to(self.by_emotion[emotion], mine, 100 * unfit[mine] - clear[mine])
        spread = 100 * unfit + 2 * themes - clear  # a comment about one thing says most about it
        for position, theme in enumerate(facts.theme_ids):
            has = facts.theme_sets[:, position]
            about = usable & np.where(facts.theme_set >= 0, has[facts.theme_set], False)
            for emotion in np.unique(facts.emotion[about]).tolist():
                mine = np.flatnonzero(about & (facts.emotion == emotion))
                offer.to(self.by_theme[theme, emotion], mine, spread[mine])

    def of_emotion(self, emotion: str) -> list[Example]:
        """Examples of a dominant emotion."""
        return _different([(self.by_emotion[KINDS.index(emotion)], emotion)], SHOWN)

    def of_theme(self, theme: str, emotions: Sequence[str]) -> list[Example]:
        """Examples of a theme, one of each of these emotions in turn."""
        names = [*KINDS, ""]
        wanted = [names.index(emotion) for emotion in emotions]
        return _different([(self.by_theme[theme, kind], names[kind]) for kind in wanted], SHOWN)


@dataclass(frozen=True)
class _Offer:
    """Rows of a table that are offered to lists of candidates."""

    texts: pa.StringArray
    row: Integers

    def to(self, candidates: list[Candidate], positions: Integers, ranks: Integers) -> None:
        if len(candidates) >= CANDIDATES:
            better = ranks < candidates[-1].rank
            positions, ranks = positions[better], ranks[better]
        best = np.argsort(ranks, kind="stable")[:CANDIDATES]
        candidates.extend(
            Candidate(int(ranks[i]), int(self.row[positions[i]]), self.texts[int(positions[i])].as_py()) for i in best
        )
        candidates.sort()
        del candidates[CANDIDATES:]


def _unfit(texts: pa.StringArray) -> Integers:
    """0 for a good length, 1 for a fair one, 2 for any other."""
    length = pc.utf8_length(filled(texts)).to_numpy(zero_copy_only=False)

    def outside(bounds: tuple[int, int]) -> Flags:
        flags: Flags = (length < bounds[0]) | (length > bounds[1])
        return flags

    found: Integers = outside(_GOOD_LENGTH).astype(np.int64) + outside(_FAIR_LENGTH)
    return found


def _clearness(table: pa.Table, emotion: Integers) -> Integers:
    """How far each comment's dominant emotion is above its other ones, in tenths.

    What is very strong counts no more than what is strong: a comment with many exclamations is no better example.
    """
    if not set(EMOTIONS) <= set(table.column_names):
        return np.zeros(table.num_rows, np.int64)
    scores = np.nan_to_num(np.stack([table[name].to_numpy() for name in EMOTIONS], axis=1))
    tenths = np.floor(np.minimum(scores, _STRONG) * 10 + 1e-9).astype(np.int64)
    ordered = np.sort(tenths, axis=1)
    clear: Integers = np.where(emotion < len(EMOTIONS), ordered[:, -1] - ordered[:, -2], -ordered[:, -1])
    return clear


def _theme_counts(facts: RowFacts) -> Integers:
    if not len(facts.theme_sets):
        return np.zeros(len(facts.filled), np.int64)
    counts: Integers = facts.theme_sets.sum(axis=1)[facts.theme_set]
    return counts


def _different(lists: Iterable[tuple[list[Candidate], str]], count: int) -> list[Example]:
    """One of each list in turn, until there are enough; what is much like one that was taken is passed over."""
    queues = [(iter(candidates), emotion) for candidates, emotion in lists]
    taken: list[Example] = []
    words: list[frozenset[str]] = []
    while queues and len(taken) < count:
        candidates, emotion = queues.pop(0)
        for candidate in candidates:
            said = frozenset(normal_form(candidate.text).split())
            if all(_likeness(said, other) < _ALIKE for other in words):
                taken.append(Example(candidate.row, example(candidate.text, LENGTH_SHOWN), emotion))
                words.append(said)
                queues.append((candidates, emotion))
                break
    return taken


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))
