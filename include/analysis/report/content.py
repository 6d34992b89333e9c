"""What the page and the workbook are made from, and how both name things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from include.analysis.privacy import example
from include.analysis.report.examples import ExampleChoice
from include.analysis.report.figures import IN_ORDER, Figures
from include.analysis.report.generic import Shown, show
from include.analysis.report.language import Language
from include.analysis.report.options import ReportOptions
from include.analysis.report.stored import StoredRun
from include.analysis.report.trends import Trends

_KEYS = {
    "duplicates": (
        "total_duplicates", "total_unique", "without_text", "duplicate_percentage", "reduction_achieved",
        "batch_duplicates", "cross_batch_duplicates", "groups",
    ),
    "emotions": (
        "emotion_distribution", "dominant_emotion_counts", "most_common_emotion", "present_counts",
        "total_analyzed_comments", "high_intensity_count",
    ),
    "near_duplicates": (
        "similarity", "total_near_duplicates", "near_duplicate_percentage", "different_near_duplicates",
        "total_groups", "different_comments_compared", "groups",
    ),
    "themes": (
        "total_themes", "top_themes", "total_theme_mentions", "average_themes_per_comment", "analysed_comments",
        "comments_without_theme", "average_nota", "candidate_phrases", "candidate_examples", "phrases_counted_in",
    ),
}  # fmt: skip
SHOWN_KEYS: Mapping[str, frozenset[str]] = {name: frozenset(keys) for name, keys in _KEYS.items()}
"""What the report has words for in the sections of the analyses that it knows."""

THEME_KEYS = frozenset(
    {"theme", "name", "name_es", "name_en", "mentions", "percentage", "average_nota", "emotions", "phrases", "examples"}
)


@dataclass(frozen=True)
class Content:
    """The results of a run, what was counted in its rows, and the language to say it in."""

    run: StoredRun
    figures: Figures
    examples: ExampleChoice
    trends: Trends
    options: ReportOptions
    t: Language

    @property
    def custom(self) -> list[str]:
        """The analyses that the report does not know."""
        return [name for name in self.run.analyses if name not in SHOWN_KEYS]

    def analysis(self, name: str) -> str:
        """What an analysis is called."""
        return self.t.get(f"analysis.{name}", name.replace("_", " "))

    def step(self, name: str) -> str:
        """What a step of the run is called."""
        return self.t.get(f"run.{name}", self.analysis(name))

    def analysed_at(self) -> datetime | None:
        """When the run began, in the time zone of the options; None when the results do not say."""
        started = self.run.section("performance").get("tasks", {}).get("started")
        try:
            return datetime.fromisoformat(started).astimezone(ZoneInfo(self.options.timezone))
        except (TypeError, ValueError):
            return None

    def names(self) -> dict[str, str]:
        """Names of keys and values that have one: themes, emotions, and the words of `[key]`."""
        words = {key.removeprefix("key."): text for key, text in self.t.words.items() if key.startswith("key.")}
        emotions = {emotion: self.t.emotion(emotion) for emotion in IN_ORDER}
        return {**words, **emotions, **self.figures.names}

    def shown(self, section: Mapping[str, Any]) -> Shown:
        """A section, or a part of one, that the report has no words for."""
        return show(section, self.t, self.names())

    def rest(self, name: str) -> Shown:
        """What the section of a known analysis holds that the report has no words for."""
        return self.shown({k: value for k, value in self.run.section(name).items() if k not in SHOWN_KEYS[name]})

    def phrases(self, theme: str) -> list[tuple[str, int]]:
        """The typical phrases of a theme, with the comments that have them; without one, those of no theme."""
        section = self.run.section("themes")
        told = {str(one.get("theme")): one.get("phrases") for one in section.get("top_themes", [])}
        found = told.get(theme) if theme else section.get("candidate_phrases")
        return [
            (self.t.example(example(str(one["phrase"]))), int(one.get("comments", 0)))
            for one in found or []
            if isinstance(one, dict) and "phrase" in one
        ]

    def alike(self) -> list[tuple[str, list[str], int, list[int]]]:
        """The groups of comments much alike, the largest first: text, variants, how many rows, and some of them."""
        return [
            (
                self.t.example(str(one.get("text", ""))),
                [self.t.example(str(variant)) for variant in one.get("variants", [])],
                int(one.get("count", 0)),
                list(one.get("rows", [])),
            )
            for one in self.run.section("near_duplicates").get("groups", [])
        ]

    def theme_details(self) -> Shown:
        """What the results say of each theme beyond its mentions."""
        details = {}
        for one in self.run.section("themes").get("top_themes", []):
            told = {key: value for key, value in one.items() if key not in THEME_KEYS}
            if told:
                details[str(one.get("theme"))] = told
        return self.shown({"themes": details} if details else {})
