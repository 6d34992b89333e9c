"""Lexicon files: TOML that an analyst edits, so that every mistake in it is told with its line.

Words that many phrases need are named once in the section [lists] and written `<name>` in the phrases: with
`lugar = ["luque", "pilar"]`, "en <lugar>" is "en luque|pilar".
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.analysis.errors import LexiconError
from include.analysis.phrase_syntax import OR, PhraseError, parse_phrases

_LIST = re.compile(r"<([^<>\s|]*)>")


@lru_cache(256)
def _places(pattern: str, source: str) -> list[int]:
    return [match.start() for match in re.finditer(pattern, source, re.MULTILINE)]


@dataclass(frozen=True)
class LexiconFile:
    """A TOML file of phrases: what it says, its text (to name lines in errors) and a digest of its bytes.

    `content` is without [lists]; `lists` are those, each as a choice of words.
    """

    path: Path
    source: str
    content: dict[str, Any]
    digest: str
    lists: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> LexiconFile:
        """Read and parse; LexiconError when the file cannot be read, is not UTF-8 or not TOML."""
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise LexiconError(f"{path}: cannot be read ({error.strerror})") from error
        try:
            source = raw.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise LexiconError(f"{path}, line {line}: is not UTF-8; save the file as UTF-8") from error
        try:
            content = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise LexiconError(cls._syntax_message(path, source, str(error))) from error
        lists = content.pop("lists", {})
        file = cls(path, source, content, hashlib.blake2b(raw, digest_size=8).hexdigest())
        return replace(file, lists=file._read_lists(lists))

    def _read_lists(self, lists: object) -> dict[str, str]:
        if not isinstance(lists, dict):
            raise self.error("[lists] must be a section of lists of words", "lists")
        at = self.offset_of(r"^\s*\[\s*lists\s*\]")
        found = {}
        for name, words in lists.items():
            texts = self.phrases(words, f"in [lists], {name}", at)
            if several := next((text for text in texts if len(parse_phrases([text])[0]) != 1), None):
                raise self.error(f'"{several}" in the list {name} must be a single word', several, at)
            if not texts:
                raise self.error(f"the list {name} is empty", name, at)
            found[name] = OR.join(texts)
        return found

    @staticmethod
    def _syntax_message(path: Path, source: str, message: str) -> str:
        place = re.search(r" \(at line (\d+), column \d+\)| \(at end of document\)", message)
        line = place[1] if place and place[1] else str(source.count("\n") + 1)
        return f"{path}, line {line}: is not valid TOML: {message[: place.start()] if place else message}"

    def offset_of(self, pattern: str, nth: int = 0) -> int:
        """Where the nth match of a regular expression (`^` and `$` match at lines) begins; 0 when there is none."""
        found = _places(pattern, self.source)
        return found[nth] if nth < len(found) else 0

    def error(self, message: str, about: str | None = None, after: int = 0) -> LexiconError:
        """The error to raise, naming the line of the key, section or quoted text `about` at or after offset `after`."""
        place = after
        if about:
            name = re.escape(about)
            written = re.compile(rf"^\s*\[*\s*{name}\s*[]=]|\"{name}\"|'{name}'", re.MULTILINE)
            found = written.search(self.source, after)
            place = found.end() - 1 if found else max(self.source.find(about, after), after)
        line = self.source.count("\n", 0, place) + 1
        return LexiconError(f"{self.path}, line {line}: {message}")

    def phrases(self, value: object, what: str, after: int = 0) -> list[str]:
        """A list of phrases that `parse_phrases` takes, lists in them written out; `what` names it in the error."""
        if not isinstance(value, list) or not all(isinstance(phrase, str) for phrase in value):
            raise self.error(f"{what} must be a list of texts in quotes", what.rsplit(" ", 1)[-1], after)
        phrases = [self._written_out(phrase, after) for phrase in value]
        try:
            parse_phrases(phrases)
        except PhraseError as error:
            written = value[phrases.index(error.phrase)]
            raise self.error(f'"{written}": {error.problem}', written, after) from None
        return phrases

    def _written_out(self, phrase: str, after: int) -> str:
        for name in _LIST.findall(phrase):
            if name not in self.lists:
                known = f"there are {', '.join(self.lists)}" if self.lists else "this file has none"
                raise self.error(f'"{phrase}": there is no list "{name}"; {known}', phrase, after)
        return _LIST.sub(lambda found: self.lists[found[1]], phrase)
