"""The folder where exports arrive: which are there, which belong to a day, and which are complete."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from include.analysis import storage
from include.analysis.errors import ExportMissing, ExportUnfinished
from include.analysis.settings import Settings
from include.analysis.suffixes import SUFFIXES

log = logging.getLogger(__name__)

DONE_SUFFIX = ".done"


@dataclass(frozen=True)
class Inbox:
    """The inbox of a deployment (see `settings`)."""

    folder: Path
    pattern: str
    ready_seconds: float | None

    @classmethod
    def of(cls, settings: Settings) -> Inbox:
        return cls(settings.inbox, settings.pattern, settings.ready_seconds)

    def exports(self) -> list[Path]:
        """All exports, the newest first; what is in a store is here by name only (see `storage.fetch`)."""
        self.look()
        return sorted(_exports(self.folder.glob("*")), key=lambda path: (path.stat().st_mtime_ns, path.name))[::-1]

    def look(self) -> None:
        """See which files there are now, for an inbox in a store."""
        storage.mirror_names(self.folder)

    def suggestions(self, most: int) -> list[str]:
        """Exports to choose from, as people know them; none when they cannot be listed: that is for a run to say."""
        try:
            return [storage.shown(path) for path in self.exports()[:most]]
        except Exception:
            log.warning("the inbox %s cannot be listed", storage.shown(self.folder), exc_info=True)
            return []

    def newest(self) -> Path:
        """The newest export.

        Raises ExportMissing when there is none, ExportUnfinished when it is not complete.
        """
        exports = self.exports()
        if not exports:
            raise ExportMissing(
                f"no input_path was given and the inbox {storage.shown(self.folder)} holds no export; "
                f"give input_path, or put a {' or '.join(SUFFIXES[:4])} file there"
            )
        return self.complete(exports[0])

    def of_day(self, day: date) -> tuple[Path, ...]:
        """The exports of a day, by name; together they are one input.

        Raises ExportMissing when there is none, ExportUnfinished when one of them is not complete.
        """
        self.look()
        wanted = self.pattern.format(date=day)
        exports = sorted(_exports(self.folder.glob(wanted)))
        exports += sorted(_exports(path for suffix in SUFFIXES for path in self.folder.glob(wanted + suffix)))
        found = tuple(dict.fromkeys(exports))
        if not found:
            raise ExportMissing(
                f"there is no export of {day} in the inbox {storage.shown(self.folder)}; it would be called {wanted}, "
                f"with a name that ends in {', '.join(SUFFIXES)}"
            )
        return tuple(map(self.complete, found))

    def complete(self, path: Path) -> Path:
        """The path, when nobody is still writing the file: a marker lies beside it, or it has not changed for a while.

        Raises ExportUnfinished.
        """
        name = storage.shown(path)
        if self.ready_seconds is None:
            if not path.with_name(path.name + DONE_SUFFIX).exists():
                raise ExportUnfinished(f"{name} is not complete: there is no {path.name}{DONE_SUFFIX} beside it")
        elif time.time() - path.stat().st_mtime < self.ready_seconds:
            raise ExportUnfinished(
                f"{name} is not complete: it changed in the last {self.ready_seconds:g} seconds; try again later"
            )
        return path


def _exports(paths: Iterable[Path]) -> list[Path]:
    return [
        path
        for path in paths
        if path.name.lower().endswith(SUFFIXES) and not path.name.startswith((".", "~$")) and path.is_file()
    ]
