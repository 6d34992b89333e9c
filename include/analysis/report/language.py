"""The words, numbers and dates of one language. The words are data: `data/es.toml` and `data/en.toml`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from include.analysis.privacy import MASKS

DATA = Path(__file__).parent / "data"
NARROW = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Language:
    """The words of a language by key (`section.emotions`), and how it writes numbers and dates."""

    code: str
    words: Mapping[str, str]

    @classmethod
    @functools.cache
    def load(cls, code: str) -> Language:
        """The language of a code: `es` or `en`."""
        content = tomllib.loads((DATA / f"{code}.toml").read_text(encoding="utf-8"))
        return cls(code, dict(_flat(content)))

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key, with values in it."""
        text = self.words[key]
        return text.format(**values) if values else text

    def get(self, key: str, default: str) -> str:
        """The text of a key, or a default where there is none."""
        return self.words.get(key, default)

    def count(self, key: str, number: int, **values: Any) -> str:
        """The text of a key for a number of things: `key.one` or `key.other`, with the number as `n`."""
        return self(f"{key}.{'one' if number == 1 else 'other'}", n=self.number(number), **values)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with the separators of the language."""
        return self._separated(f"{value:,.{digits}f}").replace("-", "\N{MINUS SIGN}")

    def percent(self, share: float, digits: int = 1) -> str:
        """A share of 1 as a percentage; one that is too small for the digits is said to be less than them."""
        least = 10.0**-digits
        text = (
            f"<{NARROW}{self.number(least, digits)}"
            if 0 < 100 * share < least / 2
            else self.number(100 * share, digits)
        )
        return text + (NARROW + "%" if self.code == "es" else "%")

    def points(self, share: float) -> str:
        """A difference of shares in percentage points, with its sign."""
        return self("unit.points", n=self.signed(100 * share, 1))

    def signed(self, value: float, digits: int = 0) -> str:
        """A number with its sign."""
        return ("+" if value > 0 else "") + self.number(value, digits)

    def _separated(self, english: str) -> str:
        return english.translate(str.maketrans(",.", ".,")) if self.code == "es" else english

    def day(self, day: date) -> str:
        """A day, like 5 mar 2024."""
        return self("date.day", day=day.day, month=self.words[f"month_short.{day.month}"], year=day.year)

    def moment(self, moment: datetime) -> str:
        """A day and a time."""
        return f"{self.day(moment)}, {moment:%H:%M}"

    def period(self, unit: str, start: date, year: bool = True) -> str:
        """A day, week, month or year by its first day."""
        month = self.words[f"month_short.{start.month}"]
        key = f"date.{unit}" if year else f"date.{unit}_short"
        return self(key, day=start.day, month=month, year=start.year)

    def list(self, parts: list[str]) -> str:
        """Things one after another: a, b and c."""
        if len(parts) < 2:
            return "".join(parts)
        return self("list.last", others=", ".join(parts[:-1]), last=parts[-1])

    def duration(self, seconds: float) -> str:
        """How long something took."""
        if seconds < 60:
            return f"{self.number(seconds, 1)}{NARROW}s"
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        short = f"{minutes}{NARROW}min {rest:02d}{NARROW}s"
        return f"{hours}{NARROW}h {minutes:02d}{NARROW}min" if hours else short

    def size(self, count: float) -> str:
        """A number of bytes."""
        for unit in ("bytes", "kB", "MB"):
            if count < 1000:
                return f"{self.number(count, 0 if unit == 'bytes' else 1)}{NARROW}{unit}"
            count /= 1000
        return f"{self.number(count, 1)}{NARROW}GB"

    def emotion(self, name: str) -> str:
        """The name of an emotion."""
        return self.get(f"emotion.{name}", name)

    def example(self, text: str) -> str:
        """A masked text, its masks in this language."""
        for mask in MASKS:
            text = text.replace(mask, self.words[f"mask.{mask[1:-1]}"])
        return text

    def yes(self, value: bool) -> str:
        return self("unit.yes" if value else "unit.no")


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield before + key, str(value)


def period_start(unit: str, day: date) -> date:
    """The first day of the period that a day is in."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day
