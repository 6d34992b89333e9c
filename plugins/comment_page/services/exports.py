"""Which exports there are to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from comment_page.models import ExportFile
from comment_page.services.places import regular_file, relative_name
from comment_page.services.uploads import FOLDER, uploaded
from include.analysis.inbox import Inbox
from include.analysis.settings import Settings, load_settings


def listed() -> list[ExportFile]:
    """The exports in the inbox and those that were uploaded, the newest first."""
    from include.analysis import storage

    settings = load_settings()
    storage.mirror_names(settings.inbox / FOLDER)
    return sorted(_files(settings), key=lambda one: (one.modified, one.name), reverse=True)


def _files(settings: Settings) -> Iterator[ExportFile]:
    for path in [*Inbox.of(settings).exports(), *uploaded(settings)]:
        try:
            yield described(regular_file(path, settings.inbox), settings)
        except OSError:  # gone since, or a link that leads out
            continue


def described(path: Path, settings: Settings) -> ExportFile:
    """What is told of an export."""
    status = path.stat()
    return ExportFile(
        name=relative_name(path, settings),
        bytes=status.st_size,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        uploaded=path.parent.name == FOLDER,
    )
