"""Makes room: removes what a finished run does not need any more, and keeps its results.

Of a run that ended as `success` long enough ago, batches, parts and attempts go: who wants the run again makes them
again. What it gave stays: `results.json`, `comments.*`, `quarantine.csv`, `run.json`, the errors. Every other folder is
left as it is: one without `run.json` or `results.json`, a run that lacks answers (it may be cleared and go on), and one
in which something was begun after its results were written.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from include.analysis import storage
from include.analysis.errors import SettingError
from include.analysis.files import read_json, remove_file
from include.analysis.leftovers import SECONDS_PER_DAY
from include.analysis.reading.by_day import INDEX, UNFINISHED
from include.analysis.run_folder import RunFolder
from include.analysis.settings import BY_DAY

TRIES = 3


@dataclass(frozen=True)
class Removed:
    """A folder or file that was removed: the bytes that this freed, and why it did not go, or not all of it."""

    path: Path
    bytes: int
    error: str | None = None


def clean(output_root: Path, keep_days: float, now: float | None = None, dry_run: bool = False) -> list[Removed]:
    """Remove what is older than `keep_days` from the finished runs in a folder, and caches that nobody has used since.

    `now` is in seconds since 1970; without it, it is the present. With `dry_run` nothing is removed: the answer says
    what would be. What cannot be removed is in the answer, too, and does not stop the rest; what an interrupted
    cleaning has left goes the next time.

    Raises SettingError when `keep_days` is not a number from 0 on.
    """
    if not keep_days >= 0:
        raise SettingError(f"keep_days must be a number from 0 on, not {keep_days!r}")
    cleaner = Cleaner((time.time() if now is None else now) - keep_days * SECONDS_PER_DAY, dry_run)
    return [removed for folder in _folders(output_root) for removed in cleaner.clean(folder)]


def fetch_records(output_root: Path) -> None:
    """Of an output root in a store have here what `clean` looks at: when and how each run ended, and its folders."""
    storage.fetch_where(output_root, lambda name: name.endswith(".json"))


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder, but not those that a link leads to."""
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if path.is_dir() and not path.is_symlink())


@dataclass(frozen=True)
class Cleaner:
    """Removes what was last changed before a time (seconds since 1970)."""

    before: float
    dry_run: bool

    def clean(self, folder: Path) -> Iterator[Removed]:
        """Clean a folder of the output root."""
        try:
            if folder.name == BY_DAY:
                yield from self.clean_caches(folder)
            elif (folder / "run.json").is_file():
                yield from self.clean_run(RunFolder(folder))
        except OSError as error:  # it may not be looked into
            yield Removed(folder, 0, str(error))

    def clean_run(self, run: RunFolder) -> Iterator[Removed]:
        ended = ended_well(run)
        if ended is None:
            return
        steps = list(self.clean_steps(run, ended)) if ended < self.before else []
        yield from steps
        for leftover in sorted([*run.path.rglob(".*.tmp"), *run.path.glob(".aggregate-*")]):
            if self.is_old(leftover) and not any(step.path in leftover.parents for step in steps):
                yield self.remove(leftover)

    def clean_steps(self, run: RunFolder, ended: float) -> Iterator[Removed]:
        """Remove batches, parts and attempts.

        The manifest goes first: a task that begins meanwhile sees that the split is not complete, and says so instead
        of failing on a file that has gone under its hands.
        """
        folders = [path for path in (run.batches, run.parts, run.attempts) if path.is_dir() and not path.is_symlink()]
        if run.batches in folders and not self.dry_run:
            size = size_of(run.manifest_file)
            try:
                if ended_well(run) != ended:
                    return
                remove_file(run.manifest_file)
            except OSError as error:
                yield Removed(run.batches, 0, str(error))
                return
            removed = self.remove(run.batches)
            yield Removed(removed.path, removed.bytes + size, removed.error)
            folders.remove(run.batches)
        yield from map(self.remove, folders)

    def clean_caches(self, caches: Path) -> Iterator[Removed]:
        """Remove the caches that were not used; `reading.by_day` makes them again."""
        for folder in _folders(caches):
            index = folder / INDEX
            if folder.name.startswith("."):
                if folder.name.endswith(UNFINISHED) and self.is_old(folder):
                    yield self.remove(folder)
            elif index.is_file() and self.is_old(index):
                yield self.remove(folder, at_once=True)

    def is_old(self, path: Path) -> bool:
        """Whether a file or folder, and no link to one, was last changed before the time."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return False
        return found.st_mtime < self.before and not stat.S_ISLNK(found.st_mode)

    def remove(self, path: Path, at_once: bool = False) -> Removed:
        """Remove a file or folder; `at_once`: who looks for it meanwhile finds all of it or nothing."""
        size = size_of(path)
        if self.dry_run:
            return Removed(path, size)
        gone = path
        try:
            if at_once:
                gone = path.rename(path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{UNFINISHED}"))
            remove(gone)
        except OSError as error:
            return Removed(path, size - size_of(gone), str(error))
        return Removed(path, size)


def ended_well(run: RunFolder) -> float | None:
    """When a run ended (seconds since 1970), None unless it ended as `success` and nothing was begun in it since."""
    try:
        ended = run.results_file.stat().st_mtime_ns
        well = read_json(run.results_file)["status"] == "success"
        begun = [run.path / "run.json", run.manifest_file, *run.attempts.glob("*/*.json")]
        later = any(path.stat().st_mtime_ns > ended for path in begun if path.exists())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return ended / 1e9 if well and not later else None


def size_of(path: Path) -> int:
    """The bytes that removing a file or folder frees: of its files that have no other name. 0 if it is not there."""
    if (stored := storage.bytes_of(path)) is not None:
        return stored
    inside = (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    return sum(map(_size_of_file, [path, *inside]))


def _size_of_file(path: Path) -> int:
    with suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            return found.st_size
    return 0


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; of a link the link alone. It may be gone already.

    Raises OSError.
    """
    for _ in range(TRIES):
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:  # another removes it, too
            continue
        break
    storage.remove(path)


def freed(removed: Iterable[Removed]) -> int:
    """The bytes that were freed in all."""
    return sum(one.bytes for one in removed)
