"""What may be chosen about a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.analysis.errors import SettingError
from include.analysis.settings import KEEP, LANGUAGES, Settings


@dataclass(frozen=True)
class ReportOptions:
    """How a run is reported.

    `language` is that of every word; `keep` says which of the comments that repeat each other is in the deduplicated
    file (`highest`: the one with the highest `Nota`); `mask_personal_data` masks the comments sheet and the
    deduplicated file too (examples are always masked); `trends` is the trends file of the history, which need not
    exist; `timezone` is that of the times that are shown.

    Raises SettingError.
    """

    language: str = "es"
    keep: str = "first"
    mask_personal_data: bool = False
    trends: Path | None = None
    timezone: str = "America/Asuncion"

    def __post_init__(self) -> None:
        _one_of("language", self.language, LANGUAGES)
        _one_of("keep", self.keep, KEEP)

    @classmethod
    def of(cls, settings: Settings) -> ReportOptions:
        """The options that the settings of a deployment say."""
        return cls(
            settings.report_language,
            settings.unique_keep,
            settings.mask_personal_data,
            settings.trends / "trends.json",
            settings.timezone,
        )


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
