"""What comments talk about: themes of a taxonomy that an analyst can edit, and how many comments mention each.

A comment mentions a theme when one of the theme's terms occurs in it, unless the term overlaps one of the theme's
`exclude` phrases. It may mention several themes, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.analysis.analysis import Analysis, Part, Partial, Rows
from include.analysis.lexicon_file import LexiconFile
from include.analysis.matching import Flags, Integers, Matches, PhraseMatcher
from include.analysis.settings import Settings
from include.analysis.text import Texts, Tokens, blank, by_distinct_text

TAXONOMY = Path(__file__).parent / "data" / "themes.toml"
SEPARATOR = ";"

_HEADER = r"^\s*\[\[\s*theme\s*\]\]"
_NAMES = ("name_es", "name_en")
_LISTS = ("terms", "exclude")


@dataclass(frozen=True)
class Theme:
    """One theme: its id, its names, the phrases that mention it and those that cancel a mention they overlap."""

    id: str
    name_es: str
    name_en: str
    terms: tuple[str, ...]
    exclude: tuple[str, ...] = ()


def load_taxonomy(path: Path | None = None) -> tuple[tuple[Theme, ...], str]:
    """The themes of a taxonomy file (by default the one of this package), in its order, and a digest of the file.

    Raises LexiconError, naming file and line, when the file cannot be used.
    """
    file = LexiconFile.read(path or TAXONOMY)
    entries = file.content.get("theme")
    for key in file.content.keys() - {"theme"}:
        raise file.error(f'unknown entry "{key}"; a taxonomy has [[theme]] sections only', key)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise file.error("there are no [[theme]] sections")
    themes: dict[str, Theme] = {}
    for i, entry in enumerate(entries):
        theme = _theme(file, entry, file.offset_of(_HEADER, i))
        if theme.id in themes:
            raise file.error(f'there are two themes of id "{theme.id}"', theme.id, file.offset_of(_HEADER, i))
        themes[theme.id] = theme
    return tuple(themes.values()), file.digest


def _theme(file: LexiconFile, entry: dict[str, Any], at: int) -> Theme:
    allowed = ("id", *_NAMES, *_LISTS)
    for key in entry:
        if key not in allowed:
            raise file.error(f'unknown key "{key}"; a theme has {", ".join(allowed)}', key, at)
    theme_id = entry.get("id")
    if not isinstance(theme_id, str) or not re.fullmatch(r"[a-z0-9_]+", theme_id):
        raise file.error("a theme needs an id of small letters, digits and _, like billing", "id", at)
    for key in _NAMES:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise file.error(f'theme "{theme_id}" needs a {key}, a text in quotes', theme_id, at)
    terms, exclude = (tuple(file.phrases(entry.get(k, []), f'in theme "{theme_id}", {k}', at)) for k in _LISTS)
    if not terms:
        raise file.error(f'theme "{theme_id}" has no terms', theme_id, at)
    return Theme(theme_id, entry["name_es"], entry["name_en"], terms, exclude)


class ThemeAnalyzer:
    """Finds the themes of comments. `taxonomy` is the path of a taxonomy file; the default is this package's own.

    Raises LexiconError when the file cannot be used.
    """

    def __init__(self, taxonomy: Path | None = None) -> None:
        self.themes, self.digest = load_taxonomy(taxonomy)
        self.ids = tuple(theme.id for theme in self.themes)
        terms = [(term, i) for i, theme in enumerate(self.themes) for term in dict.fromkeys(theme.terms)]
        excludes = [(phrase, i) for i, theme in enumerate(self.themes) for phrase in dict.fromkeys(theme.exclude)]
        self._matcher = PhraseMatcher([phrase for phrase, _ in terms + excludes])
        self._theme_of = np.array([i for _, i in terms + excludes], np.int64)
        self._terms = len(terms)

    def mentions(self, texts: Texts) -> Flags:
        """Which themes each text mentions: flags of shape (texts, themes), columns in taxonomy order."""
        return by_distinct_text(self._mentions, texts)

    def _mentions(self, tokens: Tokens) -> Flags:
        found = self._matcher.find(tokens)
        is_term = found.phrase < self._terms
        terms = found.only(is_term)
        cancelled = self._overlapped(terms, found.only(~is_term), len(tokens.ids))
        flags = np.zeros((len(tokens.offsets) - 1, len(self.themes)), bool)
        flags[terms.owner[~cancelled], self._theme_of[terms.phrase[~cancelled]]] = True
        return flags

    def _overlapped(self, terms: Matches, excludes: Matches, size: int) -> Flags:
        """Which terms share a token with an exclude phrase of their own theme."""
        if not len(excludes):
            return np.zeros(len(terms), bool)
        # Each theme has a stretch of positions of its own, so one sorted array serves all themes.
        base, exclude_base = self._theme_of[terms.phrase] * (size + 1), self._theme_of[excludes.phrase] * (size + 1)
        order = np.argsort(exclude_base + excludes.start, kind="stable")
        starts = (exclude_base + excludes.start)[order]
        reach = np.maximum.accumulate((exclude_base + excludes.end)[order])
        before = np.searchsorted(starts, base + terms.end)
        overlapped: Flags = (before > 0) & (reach[np.maximum(before, 1) - 1] > base + terms.start)
        return overlapped

    def analyze(self, texts: Texts) -> list[tuple[str, ...]]:
        """The ids of the themes that each text mentions, in taxonomy order."""
        rows, which = _combinations(self.mentions(texts))
        themes = [tuple(self.ids[i] for i in np.flatnonzero(row)) for row in rows]
        return [themes[i] for i in which.tolist()]

    def extract_themes(self, texts: Texts) -> dict[str, int]:
        """How many texts mention each theme that is mentioned, most first, ties in taxonomy order."""
        counts = self.mentions(texts).sum(axis=0).tolist()
        return dict(_most_first(zip(self.ids, counts, strict=True)))


def _most_first(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(((theme, n) for theme, n in counts if n), key=lambda mentioned: -mentioned[1])


def _combinations(flags: Flags) -> tuple[Flags, Integers]:
    """The different rows of `flags`, and for each row which of them it is."""
    packed = np.packbits(flags, axis=1)
    width = packed.shape[1]
    rows = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(packed), [None, pa.py_buffer(packed.tobytes())])
    coded = rows.dictionary_encode()
    raw = b"".join(coded.dictionary.to_pylist())
    different: npt.NDArray[np.uint8] = np.frombuffer(raw, np.uint8).reshape(-1, width)
    return np.unpackbits(different, axis=1, count=flags.shape[1]).astype(bool), coded.indices.to_numpy()


class ThemesAnalysis(Analysis):
    """The themes of every comment (`themes`, ids joined with ";") and how many comments mention each."""

    name: ClassVar[str] = "themes"
    version: ClassVar[str] = "1"
    schema: ClassVar[pa.Schema] = pa.schema([("themes", pa.string())])

    def __init__(self, taxonomy: Path | None = None) -> None:
        self._analyzer = ThemeAnalyzer(taxonomy)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.taxonomy)

    def analyse(self, rows: Rows) -> Part:
        """Find the themes of one slice; the partial counts analysed comments, those with a theme, and mentions."""
        flags = self._analyzer.mentions(rows.texts)
        different, which = _combinations(flags)
        joined = [SEPARATOR.join(self._analyzer.ids[i] for i in np.flatnonzero(row)) for row in different]
        mentions = zip(self._analyzer.ids, flags.sum(axis=0).tolist(), strict=True)
        partial = {
            "analysed": int((~blank(rows.texts)).sum()),
            "with_theme": int(flags.any(axis=1).sum()),
            "mentions": {theme: count for theme, count in mentions if count},
        }
        answers = pa.array(joined, pa.string()).take(pa.array(which))
        return Part(partial, pa.table([answers], schema=self.schema))

    def summarise(self, partial: Partial) -> dict[str, Any]:
        """The report section. `percentage` is the share of the analysed (not blank) comments that mention a theme."""
        analysed: int = partial.get("analysed", 0)
        counts: dict[str, int] = partial.get("mentions", {})
        mentioned = _most_first((theme, counts.get(theme, 0)) for theme in self._analyzer.ids)
        total = sum(count for _, count in mentioned)
        return {
            "total_themes": len(mentioned),
            "top_themes": [
                {
                    "theme": theme,
                    "name": self._names[theme],
                    "mentions": count,
                    "percentage": round(100 * count / analysed, 2),
                }
                for theme, count in mentioned
            ],
            "total_theme_mentions": total,
            "average_themes_per_comment": round(total / analysed, 4) if analysed else 0.0,
            "analysed_comments": analysed,
            "comments_without_theme": analysed - partial.get("with_theme", 0),
        }

    @cached_property
    def _names(self) -> dict[str, str]:
        return {theme.id: theme.name_es for theme in self._analyzer.themes}

    def fingerprint(self) -> str:
        """Name, version and digest of the taxonomy file."""
        return f"{self.name}-{self.version}-{self._analyzer.digest}"
