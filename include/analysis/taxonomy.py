"""Taxonomy files: the themes that an analyst can edit, or replace by those of another business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.analysis.lexicon_file import LexiconFile

TAXONOMY = Path(__file__).parent / "data" / "themes.toml"
_HEADER = r"^\s*\[\[\s*theme\s*\]\]"
_NAMES = ("name_es", "name_en")
_LISTS = ("terms", "weak", "exclude")


@dataclass(frozen=True)
class Theme:
    """One theme: its id, its names, and the phrases that are evidence for it.

    A term mentions the theme. A weak term mentions it unless the same clause holds a term of one of the themes
    `yields_to`, or holds no term of any theme and a clause beside it does. An `exclude` phrase cancels the terms that
    it overlaps.
    """

    id: str
    name_es: str
    name_en: str
    terms: tuple[str, ...]
    weak: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """The themes of a taxonomy file in its order, the words that end a clause, and a digest of the file."""

    themes: tuple[Theme, ...]
    breaks: tuple[str, ...]
    digest: str


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """The taxonomy of a file, by default the one of this package.

    Raises LexiconError, naming file and line, when the file cannot be used.
    """
    file = LexiconFile.read(path or TAXONOMY)
    for key in file.content.keys() - {"theme", "breaks"}:
        raise file.error(f'unknown entry "{key}"; a taxonomy has breaks and [[theme]] sections', key)
    entries = file.content.get("theme")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise file.error("there are no [[theme]] sections")
    themes: dict[str, Theme] = {}
    for i, entry in enumerate(entries):
        theme = _theme(file, entry, file.offset_of(_HEADER, i))
        if theme.id in themes:
            raise file.error(f'there are two themes of id "{theme.id}"', theme.id, file.offset_of(_HEADER, i))
        themes[theme.id] = theme
    for i, theme in enumerate(themes.values()):
        for other in theme.yields_to:
            if other not in themes or other == theme.id:
                message = f'theme "{theme.id}" yields to "{other}", which is not the id of another theme'
                raise file.error(message, "yields_to", file.offset_of(_HEADER, i))
    breaks = tuple(file.phrases(file.content.get("breaks", []), "breaks"))
    return Taxonomy(tuple(themes.values()), breaks, file.digest)


def _theme(file: LexiconFile, entry: dict[str, Any], at: int) -> Theme:
    allowed = ("id", *_NAMES, *_LISTS, "yields_to")
    for key in entry:
        if key not in allowed:
            raise file.error(f'unknown key "{key}"; a theme has {", ".join(allowed)}', key, at)
    theme_id = entry.get("id")
    if not isinstance(theme_id, str) or not re.fullmatch(r"[a-z0-9_]+", theme_id):
        raise file.error("a theme needs an id of small letters, digits and _, like billing", "id", at)
    for key in _NAMES:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise file.error(f'theme "{theme_id}" needs a {key}, a text in quotes', theme_id, at)
    lists = {key: tuple(file.phrases(entry.get(key, []), f'in theme "{theme_id}", {key}', at)) for key in _LISTS}
    if not lists["terms"]:
        raise file.error(f'theme "{theme_id}" has no terms', theme_id, at)
    yields_to = entry.get("yields_to", [])
    if not isinstance(yields_to, list) or not all(isinstance(other, str) for other in yields_to):
        raise file.error(f'in theme "{theme_id}", yields_to must be a list of theme ids', "yields_to", at)
    if bool(lists["weak"]) != bool(yields_to):
        raise file.error(f'theme "{theme_id}" needs both weak and yields_to, or neither', theme_id, at)
    return Theme(theme_id, entry["name_es"], entry["name_en"], yields_to=tuple(yields_to), **lists)
