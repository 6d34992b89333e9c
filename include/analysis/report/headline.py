"""What stands above the sections: what the report is of, what is missing, and the headline figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from include.analysis.report.content import SHOWN_KEYS, Content
from include.analysis.report.figures import share
from include.analysis.report.parts import Banner, Kpi

TOP_THEMES = 3
RANGES_SHOWN = 6


@dataclass(frozen=True)
class Headline:
    """What stands above the sections."""

    content: Content

    @property
    def name(self) -> str:
        """The name of the input."""
        return str(self.content.run.section("input").get("name", ""))

    def subtitle(self) -> list[str]:
        t, figures = self.content.t, self.content.figures
        rows, when = t.count("rows", figures.rows), self.content.analysed_at()
        parts = [t("page.input", rows=rows, when=t.moment(when)) if when else t("page.input_no_time", rows=rows)]
        if figures.timeline:
            first, last = t.day(figures.timeline.first), t.day(figures.timeline.last)
            parts.append(t("page.date" if first == last else "page.dates", first=first, last=last))
        return parts

    def banner(self) -> Banner | None:
        t, run = self.content.t, self.content.run
        if run.status == "success":
            return None
        failed = run.status == "failed"
        title = t("banner.failed_title" if failed else "banner.partial_title")
        lines = list(self._missing())
        if not failed:
            lines.append(t("banner.rest"))
        return Banner(title, failed, lines, list(self._ranges()))

    def _missing(self) -> Iterator[str]:
        t, run = self.content.t, self.content.run
        recovery = run.section("recovery")
        for name, rows in recovery.get("rows_without_answer", {}).items():
            if not rows:
                continue
            part = t.percent(share(rows, self.content.figures.rows))
            text = t.count("banner.missing", rows, name=self.content.analysis(name), share=part)
            if quarantined := len(recovery.get("quarantine", {}).get(name, [])):
                text += " " + t.count("banner.quarantined", quarantined)
            yield text

    def _ranges(self) -> Iterator[str]:
        """Which rows lack an answer, and why."""
        t = self.content.t
        for name, batches in self.content.run.section("errors").items():
            told = [
                (first, last, str(batch.get("error", "")))
                for batch in batches.values()
                for first, last in batch.get("rows", [])
            ]
            for first, last, error in told[:RANGES_SHOWN]:
                key = "banner.range_one" if first == last else "banner.range"
                values: dict[str, Any] = {"first": t.number(first), "last": t.number(last)}
                text = t(key, error=t.get(f"engine.{error}", error), **values)
                yield f"{self.content.analysis(name)}: {text[:1].lower()}{text[1:]}"
            if len(told) > RANGES_SHOWN:
                yield t.count("banner.more", len(told) - RANGES_SHOWN)

    def lead(self) -> list[str]:
        t, figures, run = self.content.t, self.content.figures, self.content.run
        found = []
        if not figures.comments:
            found.append(t("lead.nothing"))
        if figures.split:
            first, *others = figures.split.most_first
            parts: list[str] = []
            for emotion in [e for e in (first, *others) if e != "neutral"][:2]:
                key = "lead.and_feel" if parts else "lead.feel"
                part = t.percent(figures.split.share(emotion))
                parts.append(t(key, share=part, emotion=t.emotion(emotion).lower()))
            if parts:
                found.append(t.list(parts) + ".")
            if first == "neutral":
                neutral = figures.split.share("neutral")
                found.append(t("lead.neutral_half" if neutral > 0.5 else "lead.neutral_most", share=t.percent(neutral)))
        if figures.themes:
            top = [f"{theme.name.lower()} ({t.percent(theme.share)})" for theme in figures.themes[:TOP_THEMES]]
            found.append(t("lead.talk", themes=t.list(top)))
        absent = [self.content.analysis(name) for name in SHOWN_KEYS if name not in run.analyses]
        if absent:
            found.append(t(f"banner.skipped.{'one' if len(absent) == 1 else 'other'}", names=t.list(absent)))
        return found

    def kpis(self) -> list[Kpi]:
        return [kpi for kpi in (*self._counted(), *self._felt(), *self._scored(), self._themes()) if kpi]

    def _counted(self) -> Iterator[Kpi]:
        t, figures, run = self.content.t, self.content.figures, self.content.run
        blank = figures.rows - figures.comments
        note = t.count("kpi.comments_note", blank) if blank else t("kpi.comments_all")
        yield Kpi(t("kpi.comments"), t.number(figures.comments), note, number=figures.comments, number_kind="whole")
        if duplicates := run.section("duplicates"):
            part = t.percent(duplicates.get("duplicate_percentage", 0) / 100)
            note = t("kpi.repeated_note", share=part, unique=t.number(duplicates.get("total_unique", 0)))
            count = duplicates.get("total_duplicates", 0)
            yield Kpi(t("kpi.repeated"), t.number(count), note, number=count, number_kind="whole")

    def _felt(self) -> Iterator[Kpi]:
        t, split = self.content.t, self.content.figures.split
        if split is None:
            return
        first, *others = split.most_first
        note = t("kpi.prevailing_note", share=t.percent(split.share(first)))
        if first == "neutral" and others:
            next_share = t.percent(split.share(others[0]))
            note += "; " + t("kpi.prevailing_neutral", emotion=t.emotion(others[0]).lower(), share=next_share)
        yield Kpi(t("kpi.prevailing"), t.emotion(first), note, f"c-{first}")
        negative = split.negative_share
        note = t("kpi.negative_note")
        yield Kpi(t("kpi.negative"), t.percent(negative), note, number=negative, number_kind="share")

    def _scored(self) -> Iterator[Kpi]:
        t, scores, nps = self.content.t, self.content.figures.scores, self.content.figures.nps
        if nps:
            shares = {group: t.percent(share(count, nps.total), 0) for group, count in nps.counts.items()}
            note = t("kpi.nps_note", **shares)
            yield Kpi(t("kpi.nps"), t.signed(nps.value), note, number=nps.value, number_kind="signed")
        if scores:
            note = t.count("kpi.score_note", scores.count)
            name, mean = t("kpi.score", column=scores.column), scores.mean
            yield Kpi(name, t.number(mean, 1), note, number=mean, number_kind="mean")

    def _themes(self) -> Kpi | None:
        t, themes = self.content.t, self.content.figures.themes
        items = [(theme.name, t.percent(theme.share)) for theme in themes[:TOP_THEMES]]
        return Kpi(t("kpi.themes"), "", items=items) if items else None
