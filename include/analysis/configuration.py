"""The parameters of a run, validated once into a frozen configuration before anything is done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from include.analysis import storage
from include.analysis.bounds import BATCH_SIZE_BOUNDS, DEFAULT_MEMORY_MB, MEMORY_BOUNDS, WORKERS_BOUNDS
from include.analysis.errors import SettingError
from include.analysis.inbox import Inbox
from include.analysis.reading import ReadOptions
from include.analysis.settings import Settings, load_settings


@dataclass(frozen=True)
class RunConfig:
    """What one run does. `batch_size` None: planned from the file. `max_memory_mb` is per task or worker process.

    `inputs` are read one after another as one input; there are none when a data frame is analysed. `day` is the day
    that the input is of, None for an input of no particular day; with `by_date` only the rows of that day are taken,
    by the column `date_column` (None: recognised by its name).
    """

    inputs: tuple[Path, ...]
    analyses: tuple[str, ...]
    day: date | None = None
    by_date: bool = False
    date_column: str | None = None
    text_column: str | None = None
    batch_size: int | None = None
    max_memory_mb: int = DEFAULT_MEMORY_MB
    workers: int = 1
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None

    @property
    def read_options(self) -> ReadOptions:
        return ReadOptions(self.text_column, self.sheet, self.encoding, self.delimiter)

    def to_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "inputs": [str(path) for path in self.inputs],
            "analyses": list(self.analyses),
            "day": self.day.isoformat() if self.day else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        return cls(
            **{
                **values,
                "inputs": tuple(map(Path, values["inputs"])),
                "analyses": tuple(values["analyses"]),
                "day": date.fromisoformat(values["day"]) if values["day"] else None,
            }
        )


PARAMETERS = frozenset(
    {"input_path", "date", "again", *RunConfig.__dataclass_fields__} - {"inputs", "day"},
)


def validate(params: Mapping[str, Any], settings: Settings | None = None, day: date | None = None) -> RunConfig:
    """Check every parameter of a run; an absent, None or empty one takes its default.

    `day` is the day that the schedule has given to the run; the parameter `date` goes before it. Without `input_path`
    the exports of that day in the inbox are taken, or, for a run of no particular day, the newest export.

    Raises SettingError, ExportMissing or ExportUnfinished, with what would be right.
    """
    settings = settings or load_settings()
    given = {name: value for name, value in params.items() if value is not None and value not in ("", [])}
    unknown = set(given) - PARAMETERS
    if unknown:
        raise SettingError(f"unknown parameter {sorted(unknown)[0]!r}; there are: {', '.join(sorted(PARAMETERS))}")
    day = _date(given) or day
    by_date = _flag(given, "by_date")
    if by_date and day is None:
        raise SettingError("by_date takes the rows of one day: give that day as date, or start a backfill")
    return RunConfig(
        inputs=_inputs(given.get("input_path"), day, Inbox.of(settings)),
        day=day,
        by_date=by_date,
        date_column=_text(given, "date_column"),
        analyses=_analyses(given.get("analyses"), settings),
        text_column=_text(given, "text_column"),
        batch_size=_whole_number(given, "batch_size", BATCH_SIZE_BOUNDS),
        max_memory_mb=_whole_number(given, "max_memory_mb", MEMORY_BOUNDS) or DEFAULT_MEMORY_MB,
        workers=_whole_number(given, "workers", WORKERS_BOUNDS) or available_cores(),
        sheet=_text(given, "sheet"),
        encoding=_text(given, "encoding"),
        delimiter=_text(given, "delimiter"),
    )


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _inputs(value: Any, day: date | None, inbox: Inbox) -> tuple[Path, ...]:
    if value is not None:
        if not isinstance(value, str | Path):
            raise SettingError(f"input_path must be a path, not {value!r}")
        return (storage.located(str(value)).expanduser().absolute(),)
    return inbox.of_day(day) if day else (inbox.newest(),)


def _date(given: Mapping[str, Any]) -> date | None:
    value = given.get("date")
    try:
        return None if value is None else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise SettingError(f"date must be a day like 2025-01-31, not {value!r}") from None


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise SettingError(f"{name} must be true or false, not {value!r}")
    return value


def _analyses(value: Any, settings: Settings) -> tuple[str, ...]:
    if value is None:
        return tuple(settings.analyses)
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else list(value)
    unknown = [name for name in names if name not in settings.analyses]
    if unknown or not names:
        raise SettingError(f"unknown analysis {str((unknown or [''])[0])!r}; there are: {', '.join(settings.analyses)}")
    return tuple(name for name in settings.analyses if name in names)


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise SettingError(f"{name} must be a text, not {value!r}")
    return value


def _whole_number(given: Mapping[str, Any], name: str, bounds: tuple[int, int]) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingError(f"{name} must be a whole number from {low:,} to {high:,}, not {value!r}")
    return value
