"""The parameters of a run, validated once into a frozen configuration before anything is done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from include.analysis.errors import InputNotFound, SettingError
from include.analysis.reading import SUFFIXES, ReadOptions
from include.analysis.settings import Settings, load_settings

BATCH_SIZE_BOUNDS = (10, 5_000_000)
WORKERS_BOUNDS = (1, 256)
MEMORY_BOUNDS = (128, 1_048_576)
DEFAULT_MEMORY_MB = 512


@dataclass(frozen=True)
class RunConfig:
    """What one run does. `batch_size` None: planned from the file. `max_memory_mb` is per task or worker process."""

    input_path: Path | None
    analyses: tuple[str, ...]
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
            "input_path": str(self.input_path) if self.input_path else None,
            "analyses": list(self.analyses),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        path = values["input_path"]
        return cls(**{**values, "input_path": Path(path) if path else None, "analyses": tuple(values["analyses"])})


def validate(params: Mapping[str, Any], settings: Settings | None = None) -> RunConfig:
    """Check every parameter of a run; an absent, None or empty one takes its default.

    Without `input_path`, the newest export in the inbox is taken.

    Raises SettingError or InputNotFound, with what would be right.
    """
    settings = settings or load_settings()
    given = {name: value for name, value in params.items() if value is not None and value not in ("", [])}
    unknown = set(given) - set(RunConfig.__dataclass_fields__)
    if unknown:
        raise SettingError(
            f"unknown parameter {sorted(unknown)[0]!r}; there are: {', '.join(RunConfig.__dataclass_fields__)}"
        )
    return RunConfig(
        input_path=_input_path(given.get("input_path"), settings),
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


def _input_path(value: Any, settings: Settings) -> Path:
    if value is not None:
        if not isinstance(value, str | Path):
            raise SettingError(f"input_path must be a path, not {value!r}")
        return Path(value).expanduser().absolute()
    exports = [path for path in settings.inbox.glob("*") if path.is_file() and path.name.lower().endswith(SUFFIXES)]
    if not exports:
        raise InputNotFound(
            f"no input_path was given and the inbox {settings.inbox} holds no export; "
            f"give input_path, or put a {' or '.join(SUFFIXES[:4])} file there"
        )
    return max(exports, key=lambda path: (path.stat().st_mtime_ns, path.name))


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
