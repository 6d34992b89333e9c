"""What the report counts beyond the sections of the results, in one pass over the annotated rows.

Emotions by theme, by day, by score and by NPS group; themes by day; scores by theme and by day. Comments that are blank
are not counted, as in the sections. Memory is bounded by the number of days and themes, not by the rows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Flags, Integers
from include.analysis.dates import parse_days
from include.analysis.emotion_model import EMOTIONS
from include.analysis.emotions import NEUTRAL
from include.analysis.report.columns import NO_SCORE, NPS_GROUPS, InputColumns, group_of_score, nps_groups, scores
from include.analysis.strings import blank
from include.analysis.themes import SEPARATOR

KINDS = (*EMOTIONS, NEUTRAL)
"""The dominant emotions; counts by emotion have one place more, for rows without an answer."""

WIDTH = len(KINDS) + 1
DAYS = 62_091  # from 1970 to 2139; a date outside is a slip of the pen
LARGEST_SCORE = 100


def _by_emotion() -> Integers:
    return np.zeros(WIDTH, np.int64)


def _days() -> Integers:
    return np.zeros(DAYS, np.int64)


def _score_table() -> Integers:
    return np.zeros((LARGEST_SCORE + 1, WIDTH), np.int64)


@dataclass
class ThemeTally:
    """The comments that mention one theme: by emotion and by day, and their scores (a sum of hundredths)."""

    emotions: Integers = field(default_factory=_by_emotion)
    days: Integers = field(default_factory=_days)
    scored: int = 0
    score_sum: int = 0


@dataclass(frozen=True)
class RowFacts:
    """What the report knows of each row of a table."""

    filled: Flags  # the comment is not blank
    emotion: Integers  # position in KINDS, len(KINDS) without an answer
    day: Integers  # days since 1970, -1 without
    score: Integers  # hundredths, NO_SCORE without
    group: Integers  # position in NPS_GROUPS, -1 without
    first: Flags  # repeats no earlier row
    theme_sets: Flags  # the different sets of themes: sets x themes
    theme_set: Integers  # which of them each row has, -1 without an answer
    theme_ids: list[str]


@dataclass
class Tally:
    """Counts of all rows that were added."""

    columns: InputColumns
    answers: frozenset[str]
    month_first: bool = False
    rows: int = 0
    filled: int = 0
    emotions: Integers = field(default_factory=_by_emotion)
    themes: defaultdict[str, ThemeTally] = field(default_factory=lambda: defaultdict(ThemeTally))
    day_emotions: Integers = field(default_factory=lambda: np.zeros((DAYS, WIDTH), np.int64))
    day_scored: Integers = field(default_factory=_days)
    day_score_sum: Integers = field(default_factory=_days)
    without_day: int = 0
    score_emotions: Integers = field(default_factory=_score_table)  # by whole score
    scored: int = 0
    score_sum: int = 0
    group_emotions: Integers = field(default_factory=lambda: np.zeros((len(NPS_GROUPS), WIDTH), np.int64))
    other_scores: int = 0  # cells that hold no score, or one outside 0 to LARGEST_SCORE

    def add(self, table: pa.Table) -> RowFacts:
        """Count the rows of a table; returns what was read in them."""
        facts = self.read(table)
        self.rows += len(facts.filled)
        self.filled += int(facts.filled.sum())
        self.emotions += np.bincount(facts.emotion[facts.filled], minlength=WIDTH)
        self._add_days(facts)
        self._add_scores(facts)
        self._add_themes(facts)
        return facts

    def read(self, table: pa.Table) -> RowFacts:
        """What the report knows of each row of a table."""
        rows = table.num_rows
        sets, which, ids = self._theme_sets(table)
        score = self._scores(table)
        return RowFacts(
            filled=~blank(_texts(table, self.columns.text)),
            emotion=self._emotions(table),
            day=self._day_numbers(table),
            score=score,
            group=self._groups(table, score),
            first=table["duplicate_of"].is_null().to_numpy() if "duplicate_of" in self.answers else np.ones(rows, bool),
            theme_sets=sets,
            theme_set=which,
            theme_ids=ids,
        )

    def _emotions(self, table: pa.Table) -> Integers:
        if "emotion" not in self.answers:
            return np.full(table.num_rows, len(KINDS))
        found = pc.index_in(table["emotion"], value_set=pa.array(KINDS)).fill_null(len(KINDS))
        return _integers(found)

    def _day_numbers(self, table: pa.Table) -> Integers:
        if self.columns.date is None:
            return np.full(table.num_rows, -1)
        days = parse_days(_texts(table, self.columns.date), self.month_first).cast(pa.int32()).fill_null(-1)
        numbers = _integers(days)
        return np.where((numbers >= 0) & (numbers < DAYS), numbers, -1)

    def _scores(self, table: pa.Table) -> Integers:
        if self.columns.score is None:
            return np.full(table.num_rows, NO_SCORE)
        found = scores(_texts(table, self.columns.score))
        return np.where((found >= 0) & (found <= LARGEST_SCORE * 100), found, NO_SCORE)

    def _groups(self, table: pa.Table, score: Integers) -> Integers:
        if self.columns.nps is None:
            return group_of_score(score)
        return nps_groups(_texts(table, self.columns.nps))

    def _theme_sets(self, table: pa.Table) -> tuple[Flags, Integers, list[str]]:
        if "themes" not in self.answers:
            return np.zeros((0, 0), bool), np.full(table.num_rows, -1), []
        coded = table["themes"].combine_chunks().dictionary_encode()
        split = [text.split(SEPARATOR) if text else [] for text in coded.dictionary.to_pylist()]
        ids = list(dict.fromkeys(theme for themes in split for theme in themes))
        flags = np.array([[theme in themes for theme in ids] for themes in split], bool).reshape(len(split), len(ids))
        return flags, _integers(coded.indices.fill_null(-1)), ids

    def _add_days(self, facts: RowFacts) -> None:
        dated = facts.filled & (facts.day >= 0)
        self.without_day += int((facts.filled & (facts.day < 0)).sum())
        day, emotion, score = facts.day[dated], facts.emotion[dated], facts.score[dated]
        _count(self.day_emotions, day, emotion)
        scored = score != NO_SCORE
        _sum(self.day_scored, day[scored], np.ones(int(scored.sum()), np.int64))
        _sum(self.day_score_sum, day[scored], score[scored])

    def _add_scores(self, facts: RowFacts) -> None:
        scored = facts.score != NO_SCORE  # a score without a comment is a score all the same
        self.other_scores += int((~scored).sum())
        self.scored += int(scored.sum())
        self.score_sum += int(facts.score[scored].sum())
        # Blank comments have no emotion: they are counted in the last place, with the rows that lack an answer.
        emotion = np.where(facts.filled, facts.emotion, len(KINDS))
        _count(self.score_emotions, facts.score[scored] // 100, emotion[scored])
        grouped = facts.group >= 0
        _count(self.group_emotions, facts.group[grouped], emotion[grouped])

    def _add_themes(self, facts: RowFacts) -> None:
        kept = facts.filled & (facts.theme_set >= 0)
        which, emotion, day, score = (
            values[kept] for values in (facts.theme_set, facts.emotion, facts.day, facts.score)
        )
        for position, theme in enumerate(facts.theme_ids):
            tally = self.themes[theme]
            mentions = facts.theme_sets[which, position]
            tally.emotions += np.bincount(emotion[mentions], minlength=WIDTH)
            days, found = day[mentions], score[mentions]
            _sum(tally.days, days[days >= 0], np.ones(int((days >= 0).sum()), np.int64))
            tally.scored += int((found != NO_SCORE).sum())
            tally.score_sum += int(found[found != NO_SCORE].sum())


def _texts(table: pa.Table, column: str) -> pa.StringArray:
    return table[column].combine_chunks()


def _integers(values: pa.Array | pa.ChunkedArray) -> Integers:
    found: Integers = (
        values.to_numpy().astype(np.int64)
        if isinstance(values, pa.ChunkedArray)
        else values.to_numpy(zero_copy_only=False).astype(np.int64)
    )
    return found


def _count(table: Integers, rows: Integers, columns: Integers) -> None:
    """Add one at each (row, column)."""
    cells, counts = np.unique(rows * table.shape[1] + columns, return_counts=True)
    table.reshape(-1)[cells] += counts


def _sum(table: Integers, places: Integers, values: Integers) -> None:
    """Add each value at its place."""
    np.add.at(table, places, values)
