"""How emotions, themes and scores move: within the export, and over the days of the history."""

from __future__ import annotations

from collections.abc import Iterator

from include.analysis.report import plots
from include.analysis.report.content import Content
from include.analysis.report.figures import IN_ORDER, Timeline
from include.analysis.report.language import Language
from include.analysis.report.parts import Bars, Chart, Notes, Part, Points, Row, Section, Table
from include.analysis.report.sections.shown import score
from include.analysis.report.trends import COMMENTS, Change, Series

LINES_SHOWN = 4
LEAST_OF_A_LINE = 0.03
CHANGES_SHOWN = 12


def time(content: Content) -> Section | None:
    """What the dates of the comments tell."""
    timeline, t = content.figures.timeline, content.t
    if timeline is None:
        return None
    told = (("without", timeline.without), ("left_out", timeline.left_out))
    notes = [t.count(f"time.{key}", count) for key, count in told if count]
    parts: list[Part] = []
    if len(timeline.periods) < 2:
        notes.insert(0, t("time.single", period=t.day(timeline.first)))
    else:
        plot = _Periods(content, timeline)
        parts += [plot.emotions()] if content.figures.split else []
        parts += plot.courses()
    return Section("time", t("section.time"), [*parts, *([Notes(notes)] if notes else [])])


class _Periods:
    """The plots of a timeline."""

    def __init__(self, content: Content, timeline: Timeline) -> None:
        self.t = content.t
        self.figures = content.figures
        self.timeline = timeline
        self.names = [self.t.period(timeline.unit, period.start) for period in timeline.periods]

    def emotions(self) -> Chart:
        """The share of each emotion in each period, and how many comments there are."""
        t, split, periods = self.t, self.figures.split, self.timeline.periods
        assert split is not None
        shown = [emotion for emotion in IN_ORDER if split.share(emotion) >= LEAST_OF_A_LINE]
        shown = sorted(shown, key=lambda emotion: -split.counts[emotion])[:LINES_SHOWN]
        lines = [
            plots.Line(f"c-{e}", t.emotion(e), [p.split.share(e) if p.split.total else None for p in periods])
            for e in shown
        ]
        plot = plots.OverTime(
            lines=lines,
            volumes=[period.comments for period in periods],
            ticks=[t.period(self.timeline.unit, period.start, year=False) for period in periods],
            names=self.names,
            format=lambda share: t.percent(share, 0),
            volume_format=t.number,
            volume_name=t("time.volume"),
        )
        spoken = "; ".join(map(self._spoken, lines))
        axis, drawn = plot.draw(t("time.alt", first=self.names[0], last=self.names[-1], values=spoken))
        caption = t("time.emotions", unit=t(f"time.caption_{self.timeline.unit}"))
        legend = [*((line.colour, line.name) for line in lines), ("c-volume", t("time.volume"))]
        return Chart(caption, drawn, self._numbers(), axis, legend)

    def _spoken(self, line: plots.Line) -> str:
        known = [value for value in line.values if value is not None]
        values = {"from_": self.t.percent(known[0], 0), "to": self.t.percent(known[-1], 0)}
        return self.t("time.alt_value", emotion=line.name, **values)

    def _numbers(self) -> Table:
        t, split, scores = self.t, self.figures.split, self.figures.scores
        used = [emotion for emotion in IN_ORDER if split and split.counts[emotion]]
        head = [t("time.column_period"), t("time.column_comments"), *map(t.emotion, used)]
        head += [t("time.score", column=scores.column)] if scores else []
        rows = []
        for name, period in zip(self.names, self.timeline.periods, strict=True):
            row = [name, t.number(period.comments)]
            row += [t.percent(period.split.share(e)) if period.split.total else t("unit.none") for e in used]
            row += [score(t, period.score)] if scores else []
            rows.append(row)
        return Table(head, rows)

    def courses(self) -> Iterator[Bars]:
        """The mean score and the share of each theme: before, and in the last period."""
        t, scores = self.t, self.figures.scores
        rows = [*self._score_row(), *self._theme_rows()]
        if rows:
            key = "time.themes_and_score" if scores and rows[0].strong else "time.themes"
            caption = t(key, column=scores.column if scores else "")
            last = [name for name, period in zip(self.names, self.timeline.periods, strict=True) if period.comments][-1]
            yield Bars(caption, [t("time.column_theme"), t("time.column_mean"), last, t("time.column_change")], rows)

    def _score_row(self) -> Iterator[Row]:
        t, scores = self.t, self.figures.scores
        values = [period.score for period in self.timeline.periods]
        known = [value for value in values if value is not None]
        if scores and len(known) > 1:
            ends = {"from_": score(t, known[0]), "to": score(t, known[-1])}
            spark = plots.sparkline(values, "c-accent", t("time.score_alt", column=scores.column, **ends))
            before = sum(known[:-1]) / len(known[:-1])
            cells = [score(t, before), score(t, known[-1]), t.signed(known[-1] - before, 1)]
            yield Row(t("time.score", column=scores.column), spark, cells, strong=True)

    def _theme_rows(self) -> Iterator[Row]:
        t = self.t
        periods = [period for period in self.timeline.periods if period.comments]
        earlier = max(1, sum(period.comments for period in periods[:-1]))
        for theme in self.figures.themes:
            shares = [period.themes[theme.id] / period.comments for period in periods]
            before = sum(period.themes[theme.id] for period in periods[:-1]) / earlier
            ends = {"from_": t.percent(shares[0]), "to": t.percent(shares[-1])}
            spark = plots.sparkline(shares, "c-theme", t("time.themes_alt", theme=theme.name, **ends))
            yield Row(theme.name, spark, [t.percent(before), t.percent(shares[-1]), t.points(shares[-1] - before)])


def history(content: Content) -> Section | None:
    """What the trends of the history say."""
    t, trends = content.t, content.trends
    if not trends:
        return None
    told = [change_text(content, change) for change in trends.changes]
    parts: list[Part] = (
        [Points(t("history.changes"), told[:CHANGES_SHOWN])] if told else [Notes([t("history.no_changes")])]
    )
    if len(told) > CHANGES_SHOWN:
        parts.append(Notes([t.count("generic.more", len(told) - CHANGES_SHOWN)]))
    rows = [row for series in trends.series if (row := _series(content, series))]
    if rows:
        first, last = (t.period(trends.unit, trends.starts[i]) for i in (0, -1))
        caption = f"{t(f'time.caption_{trends.unit}')}: {t('history.range', first=first, last=last)}"
        parts.append(
            Bars(caption, [t("history.column_name"), t("history.column_mean"), last, t("time.column_change")], rows)
        )
    return Section("history", t("section.history"), [Notes([t("history.of")]), *parts])


def change_text(content: Content, change: Change) -> str:
    """A change in one sentence."""
    t = content.t
    key = f"history.{'rose' if change.rose else 'fell'}"
    period = t.period(change.unit, change.start)
    shares = {"share": t.percent(change.share), "before": t.percent(change.before)}
    return t(key, what=measure_name(content, change.kind, change.measure), period=period, **shares)


def measure_name(content: Content, kind: str, measure: str) -> str:
    """What a measure of the history is called."""
    if kind == "emotions":
        return content.t.emotion(measure)
    if kind == "themes":
        return content.figures.names.get(measure) or content.t.get(f"theme.{measure}", measure.replace("_", " "))
    return content.t.get(f"history.{kind}", measure.replace("_", " "))


def _series(content: Content, series: Series) -> Row | None:
    t = content.t
    known = [value for value in series.values if value is not None]
    if len(known) < 2:
        return None
    name, counted = measure_name(content, series.kind, series.measure), series.kind == COMMENTS
    mean = sum(known[:-1]) / len(known[:-1])
    ends = {"from_": _amount(t, known[0], counted), "to": _amount(t, known[-1], counted)}
    spark = plots.sparkline(series.values, "c-accent", t("history.alt", name=name, **ends))
    change = t.signed(known[-1] - mean) if counted else t.points(known[-1] - mean)
    return Row(name, spark, [_amount(t, mean, counted), ends["to"], change], strong=counted)


def _amount(t: Language, value: float, counted: bool) -> str:
    return t.number(value) if counted else t.percent(value)
