"""Settings of a deployment, from environment variables. The only module that reads the environment.

| variable | meaning | default |
|---|---|---|
| `COMMENT_ANALYSIS_INBOX` | folder where exports arrive, or its URI in an object store | `inbox/` of the project |
| `COMMENT_ANALYSIS_OUTPUT` | output root: each DAG run gets a run folder in it; or a URI | `runs/` of the project |
| `COMMENT_ANALYSIS_COPIES` | where this machine works on copies of roots in a store | in the temporary folder |
| `COMMENT_ANALYSIS_RUN_FOLDER` | one run folder for every run, as `make run OUT=` wants it | none |
| `COMMENT_ANALYSIS_SCHEDULE` | when the daily run begins, like `06:00`; `off`: no daily run | `06:00` |
| `COMMENT_ANALYSIS_TIMEZONE` | of the schedule | `America/Asuncion` |
| `COMMENT_ANALYSIS_PATTERN` | names of a day's exports in the inbox; or `x_{date:%d%m%Y}` | `comments_{date}*` |
| `COMMENT_ANALYSIS_READY` | seconds without a change, or `done` (`NAME.done` beside it): it is complete | `30` |
| `COMMENT_ANALYSIS_WAIT_HOURS` | how long a daily run waits for its export | `4` |
| `COMMENT_ANALYSIS_MISSING` | a day without an export then: `skip` or `fail` | `skip` |
| `COMMENT_ANALYSIS_KEEP_DAYS` | how long batches and parts of successful runs are kept | `7` |
| `COMMENT_ANALYSIS_NOTIFIER` | who is told of failures, partial answers and rises: JSON (see README) | none |
| `COMMENT_ANALYSIS_EXTRA` | custom analyses: `name=module:Class`, separated by commas | none |
| `COMMENT_ANALYSIS_TAXONOMY` | taxonomy file that replaces the default themes | none |
| `COMMENT_ANALYSIS_EMOTION_DOMAIN` | `feedback` or `social` | `feedback` |
| `COMMENT_ANALYSIS_SIMILARITY` | how alike near-duplicates are, 0.8 to 0.99 | 0.9 |
| `COMMENT_ANALYSIS_REPORT_LANGUAGE` | of the report: `es` or `en` | `es` |
| `COMMENT_ANALYSIS_UNIQUE_KEEP` | of repeats: the `first`, the `last`, or that of the `highest` score | `first` |
| `COMMENT_ANALYSIS_MASK_PERSONAL_DATA` | `on`: masked in all files of the results too, not in examples alone | `off` |
| `COMMENT_ANALYSIS_UPLOAD_MB` | the largest file that the page takes, MiB | `1024` |
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from include.analysis.errors import SettingError

PROJECT = Path(__file__).resolve().parents[2]
PREFIX = "COMMENT_ANALYSIS_"
BY_DAY = "by_day"
SIMILARITY_BOUNDS = (0.8, 0.99)
LANGUAGES = ("es", "en")
KEEP = ("first", "last", "highest")

DEFAULT_ANALYSES: Mapping[str, str] = {
    "duplicates": "include.analysis.duplicates:DuplicatesAnalysis",
    "emotions": "include.analysis.emotions:EmotionsAnalysis",
    "themes": "include.analysis.themes:ThemesAnalysis",
    "near_duplicates": "include.analysis.near_duplicates:NearDuplicatesAnalysis",
}


T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What a deployment decides once for all runs (see the table above)."""

    inbox: Path = PROJECT / "inbox"  # of a root in a store: its copy on this machine
    output_root: Path = PROJECT / "runs"
    run_folder: Path | None = None
    schedule: time | None = time(6)
    timezone: str = "America/Asuncion"
    pattern: str = "comments_{date}*"
    ready_seconds: float | None = 30.0
    wait_hours: float = 4.0
    skip_missing: bool = True
    keep_days: float = 7.0
    notifier: str | None = None  # JSON, checked
    extra: tuple[tuple[str, str], ...] = ()
    taxonomy: Path | None = None
    emotion_domain: str = "feedback"
    similarity: float = 0.9
    report_language: str = LANGUAGES[0]
    unique_keep: str = KEEP[0]
    mask_personal_data: bool = False
    upload_mb: float = 1024.0
    stores: tuple[tuple[Path, str], ...] = ()  # of each root in a store the copy and the URI

    @property
    def history(self) -> Path:
        """Where the finished days are kept."""
        return self.output_root / "history"

    @property
    def trends(self) -> Path:
        """Where the trends of the history are written."""
        return self.output_root / "trends"

    @property
    def by_day(self) -> Path:
        """Where exports that span many days are kept cut by day."""
        return self.output_root / BY_DAY

    @property
    def analyses(self) -> Mapping[str, str]:
        """The module and class of every analysis, by name, in the order of the report."""
        return {**DEFAULT_ANALYSES, **dict(self.extra)}


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises SettingError when a variable cannot be used.
    """

    def path(name: str) -> Path | None:
        value = environment.get(PREFIX + name, "").strip()
        return Path(value).expanduser().absolute() if value else None

    def read(name: str, parse: Callable[[str], T], default: T, right: str) -> T:
        value = environment.get(PREFIX + name, "").strip()
        try:
            return parse(value) if value else default
        except (ValueError, KeyError, LookupError, OSError) as error:
            raise SettingError(f"{PREFIX}{name} is {value!r}; it must be {right}") from error

    stores: list[tuple[Path, str]] = []

    def root(name: str, default: Path) -> Path:
        value = environment.get(PREFIX + name, "").strip().rstrip("/")
        if "://" not in value:
            return path(name) or default
        copies = path("COPIES") or Path(tempfile.gettempdir()) / f"comment-analysis-copies-{os.getuid()}"
        stores.append((copies / hashlib.blake2b(value.encode(), digest_size=8).hexdigest(), value))
        return stores[-1][0]

    defaults = Settings()
    return Settings(
        schedule=read("SCHEDULE", _schedule, defaults.schedule, "a time like 06:00, or off"),
        timezone=read("TIMEZONE", _timezone, defaults.timezone, "the name of a time zone, like America/Asuncion"),
        pattern=read("PATTERN", _pattern, defaults.pattern, "a file name with {date} in it, like comments_{date}*"),
        ready_seconds=read("READY", _ready, defaults.ready_seconds, "a number of seconds, or done"),
        wait_hours=read("WAIT_HOURS", _amount, defaults.wait_hours, "a number of hours"),
        skip_missing=read("MISSING", {"skip": True, "fail": False}.__getitem__, defaults.skip_missing, "skip or fail"),
        keep_days=read("KEEP_DAYS", _amount, defaults.keep_days, "a number of days"),
        notifier=read("NOTIFIER", _notifier, defaults.notifier, 'JSON like {"class": "module.Class", "to": "..."}'),
        inbox=root("INBOX", defaults.inbox),
        output_root=root("OUTPUT", defaults.output_root),
        run_folder=path("RUN_FOLDER"),
        extra=tuple(_extra_analyses(environment.get(PREFIX + "EXTRA", "")).items()),
        taxonomy=path("TAXONOMY"),
        emotion_domain=environment.get(PREFIX + "EMOTION_DOMAIN", "").strip() or defaults.emotion_domain,
        similarity=_similarity(environment.get(PREFIX + "SIMILARITY", "").strip() or str(defaults.similarity)),
        report_language=read("REPORT_LANGUAGE", _one_of(LANGUAGES), defaults.report_language, " or ".join(LANGUAGES)),
        unique_keep=read("UNIQUE_KEEP", _one_of(KEEP), defaults.unique_keep, " or ".join(KEEP)),
        mask_personal_data=read(
            "MASK_PERSONAL_DATA", {"on": True, "off": False}.__getitem__, defaults.mask_personal_data, "on or off"
        ),
        upload_mb=read("UPLOAD_MB", _amount, defaults.upload_mb, "a number of MiB"),
        stores=tuple(stores),
    )


def _schedule(text: str) -> time | None:
    return None if text == "off" else time.fromisoformat(text)


def _timezone(text: str) -> str:
    return ZoneInfo(text).key


def _pattern(text: str) -> str:
    if text.format(date=date(2001, 2, 3)) == text.format(date=date(2002, 3, 4)):
        raise ValueError("no date in it")
    if text.startswith("/") or ".." in Path(text).parts:
        raise ValueError("not inside the inbox")
    return text


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    return {value: value for value in allowed}.__getitem__


def _ready(text: str) -> float | None:
    return None if text == "done" else _amount(text)


def _amount(text: str) -> float:
    amount = float(text)
    if not math.isfinite(amount) or amount < 0:
        raise ValueError("not an amount")
    return amount


def _notifier(text: str) -> str:
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("class"), str):
        raise ValueError("no class")
    return text


def _similarity(text: str) -> float:
    low, high = SIMILARITY_BOUNDS
    if not re.fullmatch(r"0?\.\d+", text) or not low <= float(text) <= high:
        raise SettingError(f"{PREFIX}SIMILARITY must be a number from {low} to {high}, not {text!r}")
    return float(text)


def _extra_analyses(text: str) -> dict[str, str]:
    extra = {}
    for entry in filter(None, (e.strip() for e in text.split(","))):
        match = re.fullmatch(r"([a-z][a-z0-9_]*)\s*=\s*([\w.]+:\w+)", entry)
        if not match or match[1] in DEFAULT_ANALYSES:
            raise SettingError(
                f"{PREFIX}EXTRA: {entry!r} is not usable; write name=module:Class with a lower-case name "
                f"other than {', '.join(DEFAULT_ANALYSES)}"
            )
        extra[match[1]] = match[2]
    return extra
