"""The figures as tables for the sheets of the workbook: numbers as numbers, shares as shares, dates as dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from include.analysis.report.columns import NPS_GROUPS
from include.analysis.report.content import Content
from include.analysis.report.figures import IN_ORDER, Split
from include.analysis.report.sections.over_time import measure_name
from include.analysis.report.trends import COMMENTS

WHOLE, SHARE, MEAN, DAY, MONTH, YEAR, WORDS, WRAPPED = (
    "whole", "share", "mean", "day", "month", "year", "words", "wrapped",
)  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """A table of a sheet: a head, rows, and of which kind each column is."""

    head: Sequence[str]
    kinds: Sequence[str]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    widths: Sequence[float] = field(default_factory=list)


@dataclass(frozen=True)
class Tables:
    """The tables of a report."""

    content: Content

    def emotions(self) -> Grid | None:
        t, split = self.content.t, self.content.figures.split
        if split is None:
            return None
        section = self.content.run.section("emotions")
        present, means = section.get("present_counts", {}), section.get("emotion_distribution", {})
        head = ["column_emotion", "column_count", "column_share", "column_present", "column_mean"]
        order = sorted((e for e in split.counts if e != "neutral"), key=lambda e: (-split.counts[e], e))
        rows = [
            [t.emotion(e), split.counts[e], split.share(e), present.get(e), means.get(e)] for e in [*order, "neutral"]
        ]
        return Grid([t(f"emotions.{name}") for name in head], [WORDS, WHOLE, SHARE, WHOLE, MEAN], rows)

    def themes(self) -> Grid | None:
        t, figures = self.content.t, self.content.figures
        if not figures.themes:
            return None
        head = [t("themes.column_theme"), t("themes.column_count"), t("themes.column_share")]
        kinds = [WORDS, WHOLE, SHARE]
        if figures.split:
            head += [t("themes.column_negative"), *map(t.emotion, IN_ORDER)]
            kinds += [SHARE] * (1 + len(IN_ORDER))
        if figures.scores:
            head.append(t("themes.column_score", column=figures.scores.column))
            kinds.append(MEAN)
        rows = []
        for theme in figures.themes:
            row: list[Any] = [theme.name, theme.mentions, theme.share]
            if figures.split:
                row += self._shares(theme.split)
            if figures.scores:
                row.append(theme.score)
            rows.append(row)
        return Grid(head, kinds, rows)

    def _shares(self, split: Split) -> list[float | None]:
        """The share of negative comments and of each emotion; nothing where there are no comments."""
        if not split.total:
            return [None] * (1 + len(IN_ORDER))
        return [split.negative_share, *(split.share(emotion) for emotion in IN_ORDER)]

    def duplicates(self) -> Grid | None:
        t, groups = self.content.t, self.content.run.section("duplicates").get("groups", [])
        if not groups:
            return None
        head = [t("repeated.column_text"), t("repeated.column_count"), t("repeated.column_rows")]
        rows = [[t.example(one["text"]), one["count"], self._rows(one["rows"], one["count"])] for one in groups]
        return Grid(head, [WRAPPED, WHOLE, WORDS], rows, widths=[70, 12, 60])

    def alike(self) -> Grid | None:
        t, groups = self.content.t, self.content.alike()
        if not groups:
            return None
        head = [t("repeated.column_text"), t("alike.column_variants"), t("repeated.column_count")]
        rows = [
            [text, "\n".join(variants), count, self._rows(numbers, count)] for text, variants, count, numbers in groups
        ]
        kinds = [WRAPPED, WRAPPED, WHOLE, WORDS]
        return Grid([*head, t("repeated.column_rows")], kinds, rows, widths=[56, 56, 12, 40])

    @staticmethod
    def _rows(numbers: Sequence[int], count: int) -> str:
        """Numbers of rows one after another, with an ellipsis when there are more."""
        return ", ".join(map(str, numbers)) + (", …" if count > len(numbers) else "")

    def time(self) -> Grid | None:
        t, figures = self.content.t, self.content.figures
        timeline = figures.timeline
        if timeline is None:
            return None
        head, kinds = [t("time.column_period"), t("time.column_comments")], [self._period_kind(timeline.unit), WHOLE]
        if figures.split:
            head += [t("themes.column_negative"), *map(t.emotion, IN_ORDER)]
            kinds += [SHARE] * (1 + len(IN_ORDER))
        if figures.scores:
            head.append(t("time.score", column=figures.scores.column))
            kinds.append(MEAN)
        head += [theme.name for theme in figures.themes]
        kinds += [SHARE] * len(figures.themes)
        rows = []
        for period in timeline.periods:
            row: list[Any] = [period.start, period.comments]
            row += self._shares(period.split) if figures.split else []
            row += [period.score] if figures.scores else []
            row += [period.themes[theme.id] / period.comments if period.comments else None for theme in figures.themes]
            rows.append(row)
        return Grid(head, kinds, rows)

    @staticmethod
    def _period_kind(unit: str) -> str:
        return {"month": MONTH, "year": YEAR}.get(unit, DAY)

    def scores(self) -> Grid | None:
        t, scores = self.content.t, self.content.figures.scores
        if scores is None:
            return None
        head = [scores.column, t("scores.column_answers"), t("emotions.column_share")]
        kinds = [WHOLE if scores.ten_at_most else WORDS, WHOLE, SHARE]
        with_emotions = self.content.figures.split is not None
        if with_emotions:
            head += [t("themes.column_negative"), *map(t.emotion, IN_ORDER)]
            kinds += [SHARE] * (1 + len(IN_ORDER))
        rows = []
        for value, count, split in scores.bars:
            shown: Any = value if scores.ten_at_most else scores.label(value)
            rows.append([shown, count, count / scores.count, *(self._shares(split) if with_emotions else [])])
        return Grid(head, kinds, rows)

    def nps(self) -> Grid | None:
        t, nps = self.content.t, self.content.figures.nps
        if nps is None:
            return None
        head = [t("scores.column_group"), t("scores.column_answers"), t("emotions.column_share")]
        kinds = [WORDS, WHOLE, SHARE]
        with_emotions = self.content.figures.split is not None
        if with_emotions:
            head += [t("themes.column_negative"), *map(t.emotion, IN_ORDER)]
            kinds += [SHARE] * (1 + len(IN_ORDER))
        rows = []
        for group in NPS_GROUPS:
            shares = self._shares(nps.splits[group]) if with_emotions else []
            rows.append([t(f"nps.{group}"), nps.counts[group], nps.counts[group] / nps.total, *shares])
        return Grid(head, kinds, rows, title=t("scores.nps", value=t.signed(nps.value)))

    def phrases(self) -> Grid | None:
        t, figures = self.content.t, self.content.figures
        told = [(theme.name, self.content.phrases(theme.id)) for theme in figures.themes]
        told.append((t("phrases.no_theme"), self.content.phrases("")))
        rows = [[name, phrase, count] for name, found in told for phrase, count in found]
        head = [t("phrases.column_theme"), t("phrases.column_phrases"), t("themes.column_count")]
        return Grid(head, [WORDS, WORDS, WHOLE], rows, widths=[26, 44, 13]) if rows else None

    def history(self) -> Grid | None:
        """The series of the history, a period a row."""
        t, trends = self.content.t, self.content.trends
        if not trends:
            return None
        head = [t("time.column_period"), *(measure_name(self.content, one.kind, one.measure) for one in trends.series)]
        kinds = [self._period_kind(trends.unit), *(WHOLE if one.kind == COMMENTS else SHARE for one in trends.series)]
        rows = [[start, *(one.values[i] for one in trends.series)] for i, start in enumerate(trends.starts)]
        return Grid(head, kinds, rows)
