"""What killed processes leave behind: temporary files and scratch folders that nobody will finish."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

SECONDS_PER_DAY = 86_400.0


def remove_leftovers(folder: Path, pattern: str, older_than: float = SECONDS_PER_DAY) -> None:
    """Remove what in a folder matches a pattern and has not been written to for a number of seconds.

    Nothing is written for a day: what is older has nobody who works on it. What cannot be removed stays.
    """
    for path in folder.glob(pattern):
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime <= older_than:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
