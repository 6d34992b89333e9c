"""What people feel, what they talk about, and both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.analysis.emotions import NEUTRAL
from include.analysis.report import plots
from include.analysis.report.content import Content
from include.analysis.report.language import Language
from include.analysis.report.parts import Bars, Notes, Part, Row, Section, Table
from include.analysis.report.sections.shown import generic, stacks


def emotions(content: Content) -> Section | None:
    """How many comments have each dominant emotion."""
    if "emotions" not in content.run.analyses:
        return None
    t, split, section = content.t, content.figures.split, content.run.section("emotions")
    if split is None:
        return Section("emotions", t("section.emotions"), [Notes([t("emotions.none")])], half=True)
    most = max(split.counts.values())
    order = sorted((e for e in split.counts if e != NEUTRAL), key=lambda e: (-split.counts[e], e))
    rows = [
        Row(
            t.emotion(emotion),
            plots.bar(split.counts[emotion] / most, f"c-{emotion}"),
            [t.number(split.counts[emotion]), t.percent(split.share(emotion))],
        )
        for emotion in [*order, NEUTRAL]
    ]
    head = [t("emotions.column_emotion"), t("emotions.column_count"), t("emotions.column_share")]
    caption = t("emotions.caption", comments=t.count("comments", split.total))
    intense = int(section.get("high_intensity_count", 0))
    note = t.count("emotions.intense", intense) if intense else ""
    parts: list[Part] = [Bars(caption, head, rows, note=note), *_strength(t, section, order)]
    return Section("emotions", t("section.emotions"), [*parts, *generic(content, content.rest("emotions"))], half=True)


def _strength(t: Language, section: Mapping[str, Any], order: Sequence[str]) -> list[Part]:
    """How many comments each emotion is present in, dominant or not, and how strong it is on average."""
    present, means = section.get("present_counts", {}), section.get("emotion_distribution", {})
    if not present and not means:
        return []
    head = [t("emotions.column_emotion"), t("emotions.column_present"), t("emotions.column_mean")]
    rows = [[t.emotion(e), t.number(present.get(e, 0)), t.number(means.get(e, 0.0), 2)] for e in order]
    return [Table(head, rows, aside=True)]


def themes(content: Content) -> Section | None:
    """How many comments mention each theme."""
    if "themes" not in content.run.analyses:
        return None
    t, found, without = content.t, content.figures.themes, content.figures.without_theme
    if not found:
        return Section("themes", t("section.themes"), [Notes([t("themes.none")])], half=True)
    rows = [
        Row(
            theme.name,
            plots.bar(theme.mentions / found[0].mentions, "c-theme"),
            [t.number(theme.mentions), t.percent(theme.share)],
        )
        for theme in found
    ]
    head = [t("themes.column_theme"), t("themes.column_count"), t("themes.column_share")]
    note = t.count("themes.without", without) if without else ""
    return Section("themes", t("section.themes"), [Bars(t("themes.caption"), head, rows, note=note)], half=True)


def emotions_by_theme(content: Content) -> Section | None:
    """What the comments feel that mention each theme, the most negative first."""
    t, figures = content.t, content.figures
    parts: list[Part] = []
    splits = [(theme.name, theme.split) for theme in figures.themes if theme.split.total]
    if figures.split is not None and splits:
        splits.sort(key=lambda one: -one[1].negative_share)
        everything = (t("cross.all"), figures.split)
        parts.append(stacks(t, t("cross.caption"), t("themes.column_theme"), [everything, *splits], strong=1))
    parts += generic(content, content.theme_details(), t("themes.details"))
    parts += generic(content, content.rest("themes")) if "themes" in content.run.analyses else []
    return Section("cross", t("section.cross"), parts)
