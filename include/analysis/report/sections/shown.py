"""Pieces that several sections have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.analysis.report import plots
from include.analysis.report.content import Content
from include.analysis.report.figures import IN_ORDER, Split
from include.analysis.report.generic import Shown
from include.analysis.report.language import Language
from include.analysis.report.parts import Bars, Fact, Facts, Part, Row, Table


def stacks(t: Language, caption: str, names: str, splits: Sequence[tuple[str, Split]], strong: int = 0) -> Bars:
    """Emotions of several things as stacked bars, with their numbers; the first `strong` of them stand out."""
    rows = [
        Row(name, plots.stacked(segments(t, split)), [t.percent(split.negative_share, 0)], strong=i < strong)
        for i, (name, split) in enumerate(splits)
    ]
    used = [emotion for emotion in IN_ORDER if any(split.counts[emotion] for _, split in splits)]
    numbers = Table(
        [names, t("themes.column_count"), *map(t.emotion, used)],
        [[name, t.number(split.total), *(t.percent(split.share(e)) for e in used)] for name, split in splits],
    )
    legend = [(f"c-{emotion}", t.emotion(emotion)) for emotion in used]
    return Bars(caption, [names, t("cross.negative")], rows, legend=legend, numbers=numbers)


def segments(t: Language, split: Split) -> list[plots.Segment]:
    """A stacked bar of emotions."""
    return [
        plots.Segment(
            f"c-{emotion}",
            share,
            t.percent(share, 0),
            f"{t.emotion(emotion)}: {t.percent(share)} ({t.count('comments', split.counts[emotion])})",
        )
        for emotion, share in split.shares.items()
    ]


def score(t: Language, value: float | None) -> str:
    """A mean score."""
    return t("unit.none") if value is None else t.number(value, 1)


def generic(content: Content, shown: Shown, title: str = "") -> list[Part]:
    """What the report has no words for, as facts and tables."""
    t = content.t
    parts: list[Part] = []
    if shown.facts:
        parts.append(Facts([Fact(name, cell(t, value)) for name, value in shown.facts]))
    for block in shown.blocks:
        rows = [[cell(t, value) for value in row] for row in block.rows]
        more = t.count("generic.more", block.more) if block.more else ""
        texts = [i for i in range(len(block.rows[0])) if all(isinstance(row[i], str) for row in block.rows)]
        parts.append(Table(block.head, rows, title or block.title, texts, more=more))
    return parts


def cell(t: Language, value: Any) -> str:
    """A value as a text."""
    if isinstance(value, str):
        return value
    return t.number(value, 0 if isinstance(value, int) or float(value).is_integer() else 2)
