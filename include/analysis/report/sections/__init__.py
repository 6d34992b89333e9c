"""The sections of the page, in their order."""

from __future__ import annotations

from include.analysis.report.content import Content
from include.analysis.report.parts import Section
from include.analysis.report.sections import feelings, origin, over_time, scores, words


def all_sections(content: Content) -> list[Section]:
    """The sections that have something to show."""
    found = [
        feelings.emotions(content),
        feelings.themes(content),
        feelings.emotions_by_theme(content),
        over_time.time(content),
        over_time.history(content),
        scores.scores(content),
        words.phrases(content),
        words.repeated(content),
        words.alike(content),
        words.examples(content),
        *origin.custom(content),
        origin.quality(content),
        origin.course(content),
    ]
    return [section for section in found if section is not None and section.parts]
