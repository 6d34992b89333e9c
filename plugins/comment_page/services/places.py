"""The only places that files are taken from: below the inbox, and in the folders of runs."""

from __future__ import annotations

import stat
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from include.analysis import storage
from include.analysis.errors import InputNotFound, SettingError
from include.analysis.settings import Settings, load_settings

if TYPE_CHECKING:
    from include.analysis.run_folder import RunFolder

LONGEST_NAME = 1024


def input_file(name: str) -> Path:
    """The export of a name: relative to the inbox, or the absolute path or URI of a file in it.

    Raises InputNotFound, whatever is wrong with the name: nobody learns what else there is on the server.
    """
    settings = load_settings()
    missing = InputNotFound(f"there is no file '{shown(name)}' in the inbox")
    if not name.strip() or len(name) > LONGEST_NAME or has_unprintable(name):
        raise missing
    try:
        path = settings.inbox / storage.located(name)
        if ".." in path.parts or not path.is_relative_to(settings.inbox):
            raise missing
        storage.fetch(path)
        return regular_file(path, settings.inbox)
    except (OSError, SettingError, ValueError, RuntimeError):
        raise missing from None


def regular_file(path: Path, root: Path) -> Path:
    """A path whose file, after all links, is a regular one below a root.

    Raises FileNotFoundError.
    """
    real = path.resolve(strict=True)
    if not real.is_relative_to(root.resolve()) or not stat.S_ISREG(real.stat().st_mode):
        raise FileNotFoundError(path.name)
    return path


def run_folder(run_id: str, settings: Settings | None = None) -> RunFolder:
    """The folder of a DAG run, which need not exist.

    Raises FileNotFoundError for a name that leads anywhere else than into the output root.
    """
    from include.analysis.run_folder import RunFolder

    settings = settings or load_settings()
    run = RunFolder.of_run(run_id, settings)
    if run.path != settings.run_folder and (run.path.name != run.path.resolve().name or run.path.name in {"", ".."}):
        raise FileNotFoundError(run_id)
    return run


def relative_name(path: Path, settings: Settings) -> str:
    """How a file of the inbox is named in answers."""
    return path.relative_to(settings.inbox).as_posix()


def has_unprintable(text: str) -> bool:
    """Whether control characters, halves of characters or breaks of lines are in a name."""
    return any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)


def shown(name: str) -> str:
    """A name that someone gave, as it can be said back: its last part, without what cannot be shown."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2][:80]
    return "".join(character if character.isprintable() else "?" for character in last)
