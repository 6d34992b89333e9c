"""What the history knows about a day without reading its rows."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = 1
"""Changes when a later version cannot read what an earlier one recorded."""


class InputFile(NamedTuple):
    """A file as it lies there: its path, its size in bytes, and when it was modified (nanoseconds since 1970)."""

    path: str | Path
    bytes: int
    modified: int

    @property
    def name(self) -> str:
        """The name of the file, without its folder."""
        return Path(self.path).name


@dataclass(frozen=True)
class RecordedFile:
    """A file that a day was analysed from; `modified` is None where nobody told it."""

    name: str
    bytes: int
    modified: int | None


@dataclass(frozen=True)
class Tally:
    """What an analysis counted: `counts[x]` of `of` comments are (or mention) x."""

    of: int
    counts: dict[str, int]


@dataclass(frozen=True)
class DayRecord:
    """What the history knows about a day without reading its rows.

    `tallies` has, where the run's results have the section: `duplicates` (how many of the answered rows repeat an
    earlier row of the day), `emotions` (dominant) and `themes` (mentions), both of the comments that are not blank.
    `unanswered` says how many rows lack an answer, by analysis. `content_digest` is of the input, `fingerprints` are
    what the answers of each analysis depend on besides. `digest` is a hash of names, types and values of all
    columns and depends on nothing else, so equal digests mean equal answers, whoever wrote them when; `key_digest` is
    the same for the keys alone.
    """

    day: datetime.date
    run_id: str
    folder: str
    status: str
    rows: int
    rows_with_text: int
    tallies: dict[str, Tally]
    unanswered: dict[str, int]
    inputs: tuple[RecordedFile, ...]
    content_digest: str | None
    fingerprints: dict[str, str]
    digest: str
    key_digest: str

    def to_json(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self), "day": self.day.isoformat()}, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes) -> DayRecord:
        """Raises ValueError, KeyError or TypeError when the text is not that of a record."""
        values = json.loads(text)
        if values.pop("format") != FORMAT:
            raise ValueError("another version of this program wrote it")
        values["day"] = datetime.date.fromisoformat(values["day"])
        values["tallies"] = {name: Tally(**tally) for name, tally in values["tallies"].items()}
        values["inputs"] = tuple(RecordedFile(**file) for file in values["inputs"])
        return cls(**values)


def tallies_of(results: Mapping[str, Any]) -> dict[str, Tally]:
    """What the analyses of this package counted, from the content of `results.json`."""
    return {name: tally for name, tally in _tallies(results) if tally.of}


def _tallies(results: Mapping[str, Any]) -> Iterator[tuple[str, Tally]]:
    if found := results.get("duplicates"):
        repeats = found["total_duplicates"]
        answered = repeats + found["total_unique"] + found["without_text"]
        yield "duplicates", Tally(answered, {"duplicates": repeats})
    if found := results.get("emotions"):
        yield "emotions", Tally(found["total_analyzed_comments"], dict(found["dominant_emotion_counts"]))
    if found := results.get("themes"):
        mentions = {one["theme"]: one["mentions"] for one in found["top_themes"]}
        yield "themes", Tally(found["analysed_comments"], dict(sorted(mentions.items())))


def recorded_files(results: Mapping[str, Any], inputs: Sequence[InputFile]) -> tuple[RecordedFile, ...]:
    """The files of a run as they lay there, or else as far as `results.json` tells them."""
    if inputs:
        return tuple(RecordedFile(one.name, one.bytes, one.modified) for one in inputs)
    files = results["input"].get("files") or [results["input"]]
    return tuple(RecordedFile(one["name"], one["bytes"], None) for one in files)
