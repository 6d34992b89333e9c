"""What rose or fell, in one plain sentence."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from include.analysis.errors import SettingError
from include.analysis.periods import DAY, MONTH, WEEK
from include.analysis.significance import FELL, ROSE, Change
from include.analysis.taxonomy import load_taxonomy


@dataclass(frozen=True)
class _Language:
    """How a language says it; `sentence` takes when, what, verb, share, count, of, baseline and its share."""

    sentence: str
    verbs: Mapping[str, str]
    emotions: Mapping[str, str]
    what: Mapping[str, str]
    when: Mapping[str, Callable[[datetime.date], str]]
    baselines: Mapping[str, str]
    part_of: str
    separators: Mapping[int, int]

    def number(self, text: str) -> str:
        """A number that is written with `,` for thousands and `.` for decimals."""
        return text.translate(self.separators)


_SPANISH_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

LANGUAGES = {
    "es": _Language(
        sentence="{when} {verb} {what}: {share} % de los comentarios ({count} de {of}), contra {before} % en"
        " {baseline}.",
        verbs={ROSE: "subió", FELL: "bajó"},
        emotions={
            "anger": "enojo", "disgust": "asco", "fear": "miedo", "joy": "alegría", "sadness": "tristeza",
            "surprise": "sorpresa", "neutral": "neutral",
        },
        what={
            "emotions": "la emoción «{name}»",
            "themes": "el tema «{name}»",
            "duplicates": "la parte de comentarios duplicados",
        },
        when={
            DAY: lambda day: f"El {day:%d/%m/%Y}",
            WEEK: lambda day: f"En la semana del {day:%d/%m/%Y}",
            MONTH: lambda day: f"En {_SPANISH_MONTHS[day.month - 1]} de {day.year}",
        },
        baselines={
            DAY: "los {span} días anteriores",
            WEEK: "las {span} semanas anteriores",
            MONTH: "los {span} meses anteriores",
        },
        part_of="{periods} de {baseline}",
        separators=str.maketrans(",.", ".,"),
    ),
    "en": _Language(
        sentence="{when} {what} {verb}: {share}% of the comments ({count} of {of}), against {before}% in {baseline}.",
        verbs={ROSE: "rose", FELL: "fell"},
        emotions={},
        what={
            "emotions": "the emotion “{name}”",
            "themes": "the theme “{name}”",
            "duplicates": "the share of duplicate comments",
        },
        when={
            DAY: lambda day: f"On {day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}",
            WEEK: lambda day: f"In the week of {day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}",
            MONTH: lambda day: f"In {_ENGLISH_MONTHS[day.month - 1]} {day.year}",
        },
        baselines={
            DAY: "the {span} days before",
            WEEK: "the {span} weeks before",
            MONTH: "the {span} months before",
        },
        part_of="{periods} of {baseline}",
        separators={},
    ),
}  # fmt: skip


def sentence(change: Change, language: str = "es", theme_names: Mapping[str, str] | None = None) -> str:
    """Say a change in one sentence, in Spanish ("es") or English ("en").

    `theme_names` gives the names of themes by id; without it they are those of this package's taxonomy, and a theme
    that has none is called by its id.

    Raises SettingError for another language.
    """
    if language not in LANGUAGES:
        raise SettingError(f"there is no language {language!r}; there are: {', '.join(LANGUAGES)}")
    says = LANGUAGES[language]
    baseline = says.baselines[change.period].format(span=change.baseline_span)
    if change.baseline_periods < change.baseline_span:
        baseline = says.part_of.format(periods=change.baseline_periods, baseline=baseline)
    return says.sentence.format(
        when=says.when[change.period](change.start),
        what=says.what[change.kind].format(name=_name(change, says, theme_names or _names(language))),
        verb=says.verbs[change.direction],
        share=says.number(f"{100 * change.share:.1f}"),
        count=says.number(f"{change.count:,}"),
        of=says.number(f"{change.of:,}"),
        before=says.number(f"{100 * change.baseline_share:.1f}"),
        baseline=baseline,
    )


def _name(change: Change, says: _Language, themes: Mapping[str, str]) -> str:
    names = themes if change.kind == "themes" else says.emotions
    return names.get(change.measure, change.measure.replace("_", " "))


@cache
def _names(language: str) -> Mapping[str, str]:
    return {theme.id: theme.name_es if language == "es" else theme.name_en for theme in load_taxonomy().themes}
