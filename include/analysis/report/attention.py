"""What needs attention: what stands out by more than chance, and what is wrong with the data.

A share is compared with that of the other comments by the z statistic of two proportions; 3.29 is passed by chance less
than once in a thousand. Themes that rise are looked for among all themes, so they have to pass more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from include.analysis.report.content import Content
from include.analysis.report.figures import Figures, Period, Theme, share
from include.analysis.report.language import Language
from include.analysis.report.sections.over_time import change_text
from include.analysis.report.stored import StoredRun

ONCE_IN_A_THOUSAND = 3.29
FEWEST = 30
LEAST_DIFFERENCE = 0.04
THEMES_AT_MOST = 3
RISES_AT_MOST = 2
CHANGES_AT_MOST = 3
MANY_BLANKS = 0.2
PERIODS_BEFORE = 12


@dataclass(frozen=True)
class Finding:
    """One thing that needs attention; `grave` ones are marked."""

    text: str
    grave: bool = True
    tested: bool = True  # against chance


def findings(content: Content) -> list[Finding]:
    """What needs attention, the gravest first."""
    figures, language = content.figures, content.t
    return [
        *_history(content),
        *_bad_themes(figures, language),
        *_last_period(figures, language),
        *_data(content.run, figures, language),
    ]


def _history(content: Content) -> Iterator[Finding]:
    """What changed in the last period of the history."""
    trends = content.trends
    latest = [one for one in trends.changes if trends and (one.unit, one.start) == (trends.unit, trends.starts[-1])]
    for change in latest[:CHANGES_AT_MOST]:
        worse = change.rose != (change.measure == "joy") and change.measure not in ("neutral", "surprise")
        yield Finding(change_text(content, change), grave=worse)


def z_score(part: float, whole: float, other_part: float, other_whole: float) -> float:
    """How far two shares lie apart, in standard deviations of what chance does."""
    if not whole or not other_whole:
        return 0.0
    pooled = (part + other_part) / (whole + other_whole)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / whole + 1 / other_whole))
    return (part / whole - other_part / other_whole) / deviation if deviation else 0.0


def _bad_themes(figures: Figures, language: Language) -> Iterator[Finding]:
    split = figures.split
    if split is None:
        return
    found: list[tuple[float, Theme, float]] = []
    for theme in figures.themes:
        rest, rest_negative = split.total - theme.split.total, split.negative - theme.split.negative
        base = share(rest_negative, rest) if rest else split.negative_share
        stands_out = z_score(theme.split.negative, theme.split.total, rest_negative, rest) > ONCE_IN_A_THOUSAND
        if stands_out and theme.split.total >= FEWEST and theme.split.negative_share - base >= LEAST_DIFFERENCE:
            found.append(((theme.split.negative_share - base) * theme.split.total, theme, base))
    for _, theme, base in sorted(found, key=lambda one: (-one[0], one[1].id))[:THEMES_AT_MOST]:
        values = {
            "theme": theme.name,
            "negative": language.percent(theme.split.negative_share),
            "mentions": language.count("comments", theme.mentions),
            "base": language.percent(base),
        }
        if figures.scores and theme.score is not None:
            column, score = figures.scores.column, language.number(theme.score, 1)
            yield Finding(language("attention.theme_score", column=column, score=score, **values))
        else:
            yield Finding(language("attention.theme", **values))


def _last_period(figures: Figures, language: Language) -> Iterator[Finding]:
    timeline = figures.timeline
    if timeline is None:
        return
    full = [period for period in timeline.periods if period.comments]
    last, before = full[-1], full[:-1][-PERIODS_BEFORE:]
    if last.comments < FEWEST or sum(period.comments for period in before) < FEWEST:
        return
    name = language.period(timeline.unit, last.start)
    if figures.split:
        yield from _feeling(last, before, name, language)
    yield from _rising_themes(figures, last, before, name, language)


def _feeling(last: Period, before: Sequence[Period], name: str, language: Language) -> Iterator[Finding]:
    negative, total = (sum(values) for values in zip(*((p.split.negative, p.split.total) for p in before), strict=True))
    z = z_score(last.split.negative, last.split.total, negative, total)
    if abs(z) > ONCE_IN_A_THOUSAND and abs(last.split.negative_share - share(negative, total)) >= LEAST_DIFFERENCE / 2:
        key = "attention.period_worse" if z > 0 else "attention.period_better"
        now, then = language.percent(last.split.negative_share), language.percent(share(negative, total))
        yield Finding(language(key, share=now, before=then, period=name), grave=z > 0)


def _rising_themes(
    figures: Figures, last: Period, before: Sequence[Period], name: str, language: Language
) -> Iterator[Finding]:
    comments = sum(period.comments for period in before)
    needed = ONCE_IN_A_THOUSAND + math.log10(max(1, len(figures.themes))) / 2
    found = []
    for theme in figures.themes:
        now, then = last.themes.get(theme.id, 0), sum(period.themes.get(theme.id, 0) for period in before)
        z = z_score(now, last.comments, then, comments)
        rise = share(now, last.comments) - share(then, comments)
        if z > needed and rise >= LEAST_DIFFERENCE / 2:
            found.append((-z, theme.name, share(now, last.comments), share(then, comments)))
    for _, theme_name, now_share, before_share in sorted(found)[:RISES_AT_MOST]:
        yield Finding(
            language(
                "attention.theme_rise",
                theme=theme_name,
                period=name,
                share=language.percent(now_share),
                before=language.percent(before_share),
            )
        )


def _data(run: StoredRun, figures: Figures, language: Language) -> Iterator[Finding]:
    blank = share(figures.rows - figures.comments, figures.rows)
    if blank >= MANY_BLANKS:
        yield Finding(language("attention.blank", share=language.percent(blank)), grave=False, tested=False)
    quality = run.section("data_quality")
    for key, name in (("ragged", "ragged_rows"), ("repaired", "repaired_characters")):
        if count := quality.get(name, 0):
            yield Finding(language.count(f"attention.{key}", count), grave=False, tested=False)
