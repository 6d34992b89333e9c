"""Settings of a deployment, from environment variables. The only module that reads the environment.

| variable | meaning | default |
|---|---|---|
| `COMMENT_ANALYSIS_INBOX` | folder where exports arrive | `inbox/` of the project |
| `COMMENT_ANALYSIS_OUTPUT` | output root: each DAG run gets a run folder in it | `runs/` of the project |
| `COMMENT_ANALYSIS_RUN_FOLDER` | one run folder for every run, as `make run OUT=` wants it | none |
| `COMMENT_ANALYSIS_EXTRA` | custom analyses: `name=module:Class`, separated by commas | none |
| `COMMENT_ANALYSIS_TAXONOMY` | taxonomy file that replaces the default themes | none |
| `COMMENT_ANALYSIS_EMOTION_DOMAIN` | `feedback` or `social` | `feedback` |
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.analysis.errors import SettingError

PROJECT = Path(__file__).resolve().parents[2]
PREFIX = "COMMENT_ANALYSIS_"

DEFAULT_ANALYSES: Mapping[str, str] = {
    "duplicates": "include.analysis.duplicates:DuplicatesAnalysis",
    "emotions": "include.analysis.emotions:EmotionsAnalysis",
    "themes": "include.analysis.themes:ThemesAnalysis",
}


@dataclass(frozen=True)
class Settings:
    """What a deployment decides once for all runs (see the table above)."""

    inbox: Path = PROJECT / "inbox"
    output_root: Path = PROJECT / "runs"
    run_folder: Path | None = None
    extra: tuple[tuple[str, str], ...] = ()
    taxonomy: Path | None = None
    emotion_domain: str = "feedback"

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

    defaults = Settings()
    return Settings(
        inbox=path("INBOX") or defaults.inbox,
        output_root=path("OUTPUT") or defaults.output_root,
        run_folder=path("RUN_FOLDER"),
        extra=tuple(_extra_analyses(environment.get(PREFIX + "EXTRA", "")).items()),
        taxonomy=path("TAXONOMY"),
        emotion_domain=environment.get(PREFIX + "EMOTION_DOMAIN", "").strip() or defaults.emotion_domain,
    )


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
