"""The figures that the report shows, from the sections of the results and the tally of the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from include.analysis.arrays import Integers
from include.analysis.emotions import NEUTRAL
from include.analysis.report.columns import NPS_GROUPS
from include.analysis.report.language import Language, period_start
from include.analysis.report.stored import StoredRun
from include.analysis.report.tally import KINDS, Tally, ThemeTally

EPOCH = date(1970, 1, 1)
NEGATIVE = ("anger", "disgust", "fear", "sadness")
IN_ORDER = ("anger", "disgust", "fear", "sadness", NEUTRAL, "surprise", "joy")
"""The emotions as they stand side by side in a plot: what hurts on the left, what pleases on the right."""

POINTS_AT_MOST = 64  # periods of a plot over time
OUTLYING = 0.002  # share of the dates at each end that may be left out, when they stretch the time much


@dataclass(frozen=True)
class Split:
    """Comments by dominant emotion."""

    counts: Mapping[str, int]
    unanswered: int = 0

    @classmethod
    def of(cls, counts: Integers) -> Split:
        return cls(dict(zip(KINDS, counts[: len(KINDS)].tolist(), strict=True)), int(counts[-1]))

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def negative(self) -> int:
        return sum(self.counts[emotion] for emotion in NEGATIVE)

    def share(self, emotion: str) -> float:
        return share(self.counts[emotion], self.total)

    @property
    def negative_share(self) -> float:
        return share(self.negative, self.total)

    @property
    def shares(self) -> dict[str, float]:
        """In the order of a plot."""
        return {emotion: self.share(emotion) for emotion in IN_ORDER}

    @property
    def most_first(self) -> list[str]:
        """The emotions that there are, neutral too."""
        return [e for e in sorted(self.counts, key=lambda e: -self.counts[e]) if self.counts[e]]


@dataclass(frozen=True)
class Theme:
    """One theme: how many comments mention it, what they feel, what they score."""

    id: str
    name: str
    mentions: int
    share: float
    split: Split
    scored: int
    score: float | None


@dataclass(frozen=True)
class Period:
    """The comments of a day, week, month or year."""

    start: date
    split: Split
    comments: int
    score: float | None
    themes: Mapping[str, int]


@dataclass(frozen=True)
class Timeline:
    """Comments over time. `left_out` have a date far from all others, `without` have none that can be read."""

    unit: str
    periods: list[Period]
    first: date
    last: date
    without: int
    left_out: int


@dataclass(frozen=True)
class Scores:
    """The scores of a column: the mean, and how many rows and emotions there are for each whole score."""

    column: str
    count: int
    mean: float
    bars: list[tuple[int, int, Split]]
    ten_at_most: bool  # else each bar is of ten scores

    @property
    def highest(self) -> int:
        """The highest score that there can be."""
        return self.bars[-1][0] if self.ten_at_most else 100

    @property
    def of_ten(self) -> bool:
        """Whether the scale is that of the NPS, 0 to 10."""
        return self.ten_at_most and len(self.bars) == 11

    def label(self, value: int) -> str:
        """What a bar is called."""
        return str(value) if self.ten_at_most else f"{value}–{value + 9}"


@dataclass(frozen=True)
class Nps:
    """Detractors, passives and promoters, and what they feel."""

    counts: Mapping[str, int]
    splits: Mapping[str, Split]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def value(self) -> int:
        """Promoters less detractors, in percent."""
        return round(100 * (self.counts["promoter"] - self.counts["detractor"]) / self.total)


@dataclass(frozen=True)
class Figures:
    """Everything that is counted."""

    rows: int
    comments: int
    split: Split | None
    themes: list[Theme]
    without_theme: int
    timeline: Timeline | None
    scores: Scores | None
    nps: Nps | None
    names: Mapping[str, str] = field(default_factory=dict)


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def figures_of(run: StoredRun, tally: Tally, names: Mapping[str, str]) -> Figures:
    """All figures of a run; `names` are those of its themes."""
    split = Split.of(tally.emotions) if "emotion" in run.answers else None
    themes = _themes(tally, names)
    return Figures(
        rows=tally.rows,
        comments=tally.filled,
        split=split if split and split.total else None,
        themes=themes,
        without_theme=int(run.section("themes").get("comments_without_theme", 0)),
        timeline=_timeline(tally),
        scores=_scores(tally),
        nps=_nps(tally),
        names=names,
    )


def theme_names(run: StoredRun, tally: Tally, language: Language) -> dict[str, str]:
    """What to call each theme: as the results do in this language, else as the language does, or by its id."""
    told: dict[str, dict[str, Any]] = {
        str(one.get("theme")): one for one in run.section("themes").get("top_themes", []) if isinstance(one, dict)
    }
    names = {}
    for theme in sorted({*tally.themes, *told}):
        found = told.get(theme, {})
        own = found.get(f"name_{language.code}") or (found.get("name") if language.code == "es" else None)
        known = language.get(f"theme.{theme}", "")
        names[theme] = str(own or known or found.get("name") or theme.replace("_", " "))
    return names


def _themes(tally: Tally, names: Mapping[str, str]) -> list[Theme]:
    found = [_theme(theme, names[theme], counts, tally.filled) for theme, counts in tally.themes.items()]
    return sorted(found, key=lambda theme: (-theme.mentions, theme.id))


def _theme(theme: str, name: str, counts: ThemeTally, comments: int) -> Theme:
    split, mentions = Split.of(counts.emotions), int(counts.emotions.sum())
    return Theme(
        theme, name, mentions, share(mentions, comments), split, counts.scored, _mean(counts.score_sum, counts.scored)
    )


def _mean(hundredths: int, count: int) -> float | None:
    return hundredths / (100 * count) if count else None


def _timeline(tally: Tally) -> Timeline | None:
    by_day = tally.day_emotions.sum(axis=1)
    days = np.flatnonzero(by_day)
    if not len(days):
        return None
    first, last = _span(days, by_day)
    kept = slice(first, last + 1)
    unit = _unit(first, last)
    starts = [period_start(unit, _date(day)) for day in range(first, last + 1)]
    periods = [_period(tally, start, where) for start, where in _runs(starts, first)]
    left_out = int(by_day.sum() - by_day[kept].sum())
    return Timeline(unit, periods, _date(first), _date(last), tally.without_day, left_out)


def _span(days: Integers, counts: Integers) -> tuple[int, int]:
    """The first and the last day, without the few that lie far from all others."""
    reached = np.cumsum(counts[days])
    inside = days[(reached > OUTLYING * reached[-1]) & (reached - counts[days] < (1 - OUTLYING) * reached[-1])]
    if len(inside) and (days[-1] - days[0]) > 2 * (inside[-1] - inside[0]) + 31:
        return int(inside[0]), int(inside[-1])
    return int(days[0]), int(days[-1])


def _unit(first: int, last: int) -> str:
    for unit, length in (("day", 1), ("week", 7), ("month", 30.4)):
        if (last - first) / length < POINTS_AT_MOST:
            return unit
    return "year"


def _runs(starts: list[date], first: int) -> Iterator[tuple[date, slice]]:
    begin = 0
    for i in range(1, len(starts) + 1):
        if i == len(starts) or starts[i] != starts[begin]:
            yield starts[begin], slice(first + begin, first + i)
            begin = i


def _date(day: int) -> date:
    return EPOCH + timedelta(days=int(day))


def _period(tally: Tally, start: date, days: slice) -> Period:
    emotions = tally.day_emotions[days].sum(axis=0)
    score = _mean(int(tally.day_score_sum[days].sum()), int(tally.day_scored[days].sum()))
    themes = {theme: int(counts.days[days].sum()) for theme, counts in tally.themes.items()}
    return Period(start, Split.of(emotions), int(emotions.sum()), score, themes)


def _scores(tally: Tally) -> Scores | None:
    by_score = tally.score_emotions.sum(axis=1)
    found = np.flatnonzero(by_score)
    mean = _mean(tally.score_sum, tally.scored)
    if tally.columns.score is None or mean is None:
        return None
    last = int(found[-1])
    ten_at_most = last <= 10
    if ten_at_most:
        of_ten = last > 5 or tally.columns.nps is not None
        whole = range(0 if of_ten else min(1, int(found[0])), (10 if of_ten else 5) + 1)
        bars = [(value, int(by_score[value]), Split.of(tally.score_emotions[value])) for value in whole]
    else:
        bars = [
            (value, int(by_score[value : value + 10].sum()), Split.of(tally.score_emotions[value : value + 10].sum(0)))
            for value in range(0, last + 1, 10)
        ]
    return Scores(tally.columns.score, tally.scored, mean, bars, ten_at_most)


def _nps(tally: Tally) -> Nps | None:
    counts = tally.group_emotions.sum(axis=1).tolist()
    scale = np.flatnonzero(tally.score_emotions.sum(axis=1))
    of_ten = len(scale) > 0 and 5 < scale[-1] <= 10
    if not sum(counts) or (tally.columns.nps is None and not of_ten):
        return None
    splits = {group: Split.of(row) for group, row in zip(NPS_GROUPS, tally.group_emotions, strict=True)}
    return Nps(dict(zip(NPS_GROUPS, counts, strict=True)), splits)
