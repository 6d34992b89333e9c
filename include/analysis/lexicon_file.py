"""Lexicon files: TOML that an analyst edits, so that every mistake in it is told with its line."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.analysis.errors import LexiconError
from include.analysis.matching import PhraseError, parse_phrases


@dataclass(frozen=True)
class LexiconFile:
    """A TOML file of phrases: what it says, its text (to name lines in errors) and a digest of its bytes."""

    path: Path
    source: str
    content: dict[str, Any]
    digest: str

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
        return cls(path, source, content, hashlib.blake2b(raw, digest_size=8).hexdigest())

    @staticmethod
    def _syntax_message(path: Path, source: str, message: str) -> str:
        place = re.search(r" \(at line (\d+), column \d+\)| \(at end of document\)", message)
        line = place[1] if place and place[1] else str(source.count("\n") + 1)
        return f"{path}, line {line}: is not valid TOML: {message[: place.start()] if place else message}"

    def offset_of(self, pattern: str, nth: int = 0) -> int:
        """Where the nth match of a regular expression (`^` and `$` match at lines) begins; 0 when there is none."""
        found = [match.start() for match in re.finditer(pattern, self.source, re.MULTILINE)]
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
        """A list of phrases that `parse_phrases` takes; `what` names it in the error."""
        if not isinstance(value, list) or not all(isinstance(phrase, str) for phrase in value):
            raise self.error(f"{what} must be a list of texts in quotes", what.rsplit(" ", 1)[-1], after)
        try:
            parse_phrases(value)
        except PhraseError as error:
            raise self.error(str(error), error.phrase, after) from None
        return list(value)
