"""How people score, and what they feel at each score."""

from __future__ import annotations

from include.analysis.report import plots
from include.analysis.report.columns import NPS_GROUPS
from include.analysis.report.content import Content
from include.analysis.report.figures import Nps, Scores
from include.analysis.report.language import Language
from include.analysis.report.parts import Bars, Chart, Part, Row, Section, Table
from include.analysis.report.sections.shown import stacks

SCORED_AT_LEAST = 5


def scores(content: Content) -> Section | None:
    """The scores and the NPS groups, when there are any."""
    t, found, nps, split = content.t, content.figures.scores, content.figures.nps, content.figures.split
    if found is None and nps is None:
        return None
    parts: list[Part] = []
    if found:
        parts.append(_histogram(t, found, nps))
    if nps:
        parts.append(_nps(t, nps, legend=found is None))
    if found and split:
        by_value = [(found.label(value), by_emotion) for value, _, by_emotion in found.bars if by_emotion.total]
        parts.append(stacks(t, t("scores.emotions", column=found.column), found.column, by_value))
    elif nps and split:
        by_group = [(t(f"nps.{group}"), nps.splits[group]) for group in NPS_GROUPS if nps.splits[group].total]
        parts.append(stacks(t, t("scores.nps_emotions"), t("scores.column_group"), by_group))
    if found:
        parts += _by_theme(content, found)
    title = "section.scores" if found and nps else "section.scores_only" if found else "section.nps_only"
    return Section("scores", t(title, column=found.column if found else ""), parts)


def _histogram(t: Language, found: Scores, nps: Nps | None) -> Chart:
    most = max(count for _, count, _ in found.bars)
    grouped = nps is not None and found.of_ten
    bars = []
    for value, count, _ in found.bars:
        group = NPS_GROUPS[(value >= 7) + (value >= 9)] if grouped else "accent"
        told = t.percent(count / found.count, 0) if count else ""
        bars.append((found.label(value), f"c-{group}", count / most, told))
    head = [found.column, t("scores.column_answers"), t("emotions.column_share")]
    rows = [[found.label(v), t.number(count), t.percent(count / found.count)] for v, count, _ in found.bars]
    spoken = "; ".join(f"{row[0]}: {row[2]}" for row in rows)
    plot = plots.columns(bars, t("scores.histogram_alt", column=found.column, values=spoken))
    legend = [(f"c-{group}", t(f"nps.{group}")) for group in NPS_GROUPS] if grouped else []
    return Chart(t("scores.histogram", column=found.column), plot, Table(head, rows), legend=legend)


def _nps(t: Language, nps: Nps, legend: bool) -> Bars:
    segments = []
    for group in NPS_GROUPS:
        share = nps.counts[group] / nps.total
        title = f"{t(f'nps.{group}')}: {t.percent(share)}"
        segments.append(plots.Segment(f"c-{group}", share, t.percent(share, 0), title))
    rows = [Row(t("scores.nps", value=t.signed(nps.value)), plots.stacked(segments), [], strong=True)]
    head = [t("scores.column_group"), t("scores.column_answers"), t("emotions.column_share")]
    counts = [
        [t(f"nps.{group}"), t.number(nps.counts[group]), t.percent(nps.counts[group] / nps.total)]
        for group in NPS_GROUPS
    ]
    names = [(f"c-{group}", t(f"nps.{group}")) for group in NPS_GROUPS] if legend else []
    return Bars(t("scores.nps_caption"), [], rows, legend=names, numbers=Table(head, counts))


def _by_theme(content: Content, found: Scores) -> list[Part]:
    """The mean score of the comments that mention each theme, the lowest first."""
    t = content.t
    themes = [(theme.score, theme) for theme in content.figures.themes if theme.score is not None]
    themes = sorted((one for one in themes if one[1].scored >= SCORED_AT_LEAST), key=lambda one: one[0])
    rows = [
        Row(
            theme.name,
            plots.bar(mean / found.highest, "c-accent", mark=found.mean / found.highest),
            [t.number(mean, 1), t.number(theme.scored)],
        )
        for mean, theme in themes
    ]
    if not rows:
        return []
    head = [t("themes.column_theme"), t("themes.column_score", column=found.column), t("scores.column_answers")]
    note = t("scores.overall", mean=t.number(found.mean, 1))
    return [Bars(t("scores.by_theme", column=found.column), head, rows, note=note)]
