"""What people said: the comments that are said most often, and examples."""

from __future__ import annotations

from include.analysis.emotions import NEUTRAL
from include.analysis.privacy import example
from include.analysis.report import plots
from include.analysis.report.content import Content
from include.analysis.report.parts import Bars, Notes, Part, Points, QuoteList, Quotes, Row, Section, Table
from include.analysis.report.sections.shown import generic

REPEATED_SHOWN = 12
ALIKE_SHOWN = 10


def phrases(content: Content) -> Section | None:
    """The typical phrases of each theme, and phrases that belong to none."""
    t = content.t
    rows = [[theme.name, told] for theme in content.figures.themes if (told := _told(content, theme.id))]
    parts: list[Part] = []
    if rows:
        parts.append(
            Table([t("phrases.column_theme"), t("phrases.column_phrases")], rows, t("phrases.caption"), (0, 1))
        )
    if candidates := content.phrases(""):
        texts = [t("phrases.one", phrase=phrase, n=t.number(count)) for phrase, count in candidates]
        parts.append(Points(t("phrases.candidates"), texts))
    untold = [str(text) for text in content.run.section("themes").get("candidate_examples") or []]
    if untold:
        parts.append(Points(t("phrases.examples"), [t.example(example(text)) for text in untold]))
    return Section("phrases", t("phrases.title"), parts)


def _told(content: Content, theme: str) -> str:
    t = content.t
    return ", ".join(t("phrases.one", phrase=phrase, n=t.number(n)) for phrase, n in content.phrases(theme))


def repeated(content: Content) -> Section | None:
    """The comments that are said most often."""
    if "duplicates" not in content.run.analyses:
        return None
    t, groups = content.t, content.run.section("duplicates").get("groups", [])
    rest = generic(content, content.rest("duplicates"))
    if not groups:
        return Section("repeated", t("section.repeated"), [Notes([t("repeated.none")]), *rest])
    rows = [
        Row(
            t.example(group["text"]),
            plots.bar(group["count"] / groups[0]["count"], "c-accent"),
            [t.number(group["count"])],
        )
        for group in groups[:REPEATED_SHOWN]
    ]
    note = t("repeated.unique", keep=_kept(content))
    if len(groups) > REPEATED_SHOWN:
        note = f"{t('repeated.more', n=t.number(len(groups)))} {note}"
    bars = Bars(t("repeated.caption"), [t("repeated.column_text"), t("repeated.column_count")], rows, note=note)
    return Section("repeated", t("section.repeated"), [bars, *rest])


def alike(content: Content) -> Section | None:
    """The comments that say nearly the same as others."""
    if "near_duplicates" not in content.run.analyses:
        return None
    t, section = content.t, content.run.section("near_duplicates")
    rest = generic(content, content.rest("near_duplicates"))
    rows = int(section.get("total_near_duplicates", 0))
    if not rows:
        return Section("alike", t("section.alike"), [Notes([t("alike.none")]), *rest])
    share = t.percent(section.get("near_duplicate_percentage", 0) / 100)
    found = t.count("alike.found", rows, share=share, groups=t.count("alike.groups", section.get("total_groups", 0)))
    if similarity := section.get("similarity"):
        found += " " + t("alike.similarity", share=t.percent(similarity, 0))
    head = [t("repeated.column_text"), t("alike.column_variants"), t("repeated.column_count")]
    groups = [[text, " · ".join(variants), t.number(count)] for text, variants, count, _ in content.alike()]
    more = t.count("generic.more", len(groups) - ALIKE_SHOWN) if len(groups) > ALIKE_SHOWN else ""
    table = Table(head, groups[:ALIKE_SHOWN], t("alike.caption"), text_columns=(0, 1), more=more)
    return Section("alike", t("section.alike"), [Notes([found]), *([table] if groups else []), *rest])


def _kept(content: Content) -> str:
    column = content.run.columns.score
    if content.options.keep == "highest" and column is None:
        return content.t("repeated.keep_first_instead")
    return content.t(f"repeated.keep_{content.options.keep}", column=column)


def examples(content: Content) -> Section:
    """Comments as examples of each emotion and each theme."""
    t = content.t
    lists = [
        QuoteList(t("examples.by_emotion"), [one for one in _by_emotion(content) if one.examples]),
        QuoteList(t("examples.by_theme"), [one for one in _by_theme(content) if one.examples], folded=True),
    ]
    parts: list[Part] = [one for one in lists if one.groups]
    if parts:
        parts.append(Notes([t("examples.masked")]))
    return Section("examples", t("section.examples"), parts)


def _by_emotion(content: Content) -> list[Quotes]:
    split = content.figures.split
    order = [emotion for emotion in split.most_first if emotion != NEUTRAL] if split else []
    return [Quotes(content.t.emotion(e), f"c-{e}", content.examples.of_emotion(e)) for e in order]


def _by_theme(content: Content) -> list[Quotes]:
    found = []
    for theme in content.figures.themes:
        title = f"{theme.name} ({content.t.count('comments', theme.mentions)})"
        emotions = theme.split.most_first or [""]
        found.append(Quotes(title, "c-theme", content.examples.of_theme(theme.id, emotions)))
    return found
