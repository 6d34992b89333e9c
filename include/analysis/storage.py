"""Roots in an object store: this machine works on a copy, and the store has the truth.

Where the output root or the inbox is a URI, its files are worked on in a copy on this machine's disk. A step first has
what it needs brought here (`fetch`); a file that is complete is put into the store before it gets its name here (an
object appears whole or not at all, so nothing has to be renamed there), and what is removed is removed in both. A copy
that nobody used for a day goes.

For a root on a disk, of this machine or shared by all, nothing here does anything.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from include.analysis.errors import SettingError
from include.analysis.leftovers import SECONDS_PER_DAY
from include.analysis.settings import BY_DAY, load_settings

TRANSFERS = 8
"""Files that are on their way at once."""

USED = ".used"


@dataclass(frozen=True)
class Stored:
    """A file in the store: its bytes, and when it was put there (seconds since 1970)."""

    size: int
    modified: float


@dataclass(frozen=True)
class ObjectStore:
    """A folder in an object store, like `s3://bucket/comments` or, by an Airflow connection, `s3://name@bucket/x`."""

    uri: str

    def files(self, folder: str = "", depth: int | None = None) -> dict[str, Stored]:
        """All files below a folder (at most so deep), by their names below this one."""
        system, root = _opened(self.uri)
        base = f"{root}/{folder}".rstrip("/")
        system.invalidate_cache()
        try:
            found: Mapping[str, Any] = system.find(base, maxdepth=depth, detail=True)
        except FileNotFoundError:
            return {}
        return {name[len(root) + 1 :]: _stored(entry) for name, entry in found.items() if name.startswith(f"{root}/")}

    def names(self, folder: str) -> dict[str, Stored]:
        """The files right in a folder, by their names in it."""
        return {
            rest: one
            for name, one in self.files(folder, depth=1).items()
            if "/" not in (rest := name.removeprefix(folder).lstrip("/"))
        }

    def file(self, name: str) -> Stored | None:
        """One file, None when it is not there."""
        system, root = _opened(self.uri)
        system.invalidate_cache()
        try:
            entry = system.info(f"{root}/{name}")
        except FileNotFoundError:
            return None
        return _stored(entry) if entry["type"] == "file" else None

    def upload(self, path: Path, name: str) -> None:
        """Put a file into the store; it appears there whole."""
        system, root = _opened(self.uri)
        system.put_file(str(path), f"{root}/{name}")

    def download(self, name: str, path: Path) -> None:
        """Write a file of the store to a path."""
        system, root = _opened(self.uri)
        system.get_file(f"{root}/{name}", str(path))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that are not there are no error."""
        system, root = _opened(self.uri)
        if gone := [f"{root}/{name}" for name in names]:
            try:
                system.rm(gone)
            except FileNotFoundError:
                for one in gone:
                    if system.exists(one):
                        system.rm_file(one)


def _opened(uri: str) -> tuple[Any, str]:
    """The file system of a URI, and the path of the URI in it."""
    return _open(uri, os.getpid())


@lru_cache
def _open(uri: str, process: int) -> tuple[Any, str]:
    """Opened once in a process: what was open when a process forked is of no use to its child."""
    import fsspec

    parts = urlsplit(uri)
    connection, _, bucket = parts.netloc.rpartition("@")
    try:
        if connection:
            from airflow.sdk.io import get_fs  # an Airflow connection is what only Airflow can look up

            system = get_fs(parts.scheme, connection)
        else:
            system = fsspec.filesystem(parts.scheme)
    except (ImportError, ValueError) as error:
        raise SettingError(f"{uri} cannot be opened: {error}") from error
    return system, f"{bucket}{parts.path}".rstrip("/")


def _stored(entry: Mapping[str, Any]) -> Stored:
    when = entry.get("LastModified") or entry.get("last_modified") or entry.get("updated") or entry.get("mtime") or 0
    return Stored(int(entry["size"] or 0), when.timestamp() if hasattr(when, "timestamp") else float(when))


@dataclass(frozen=True)
class WorkingCopy:
    """The copy on this machine, at `root`, of what is in a store."""

    root: Path
    store: ObjectStore

    def name_of(self, path: Path) -> str:
        """The name in the store of a path in the copy."""
        name = path.relative_to(self.root).as_posix()
        return "" if name == "." else name

    def fetch(self, files: Sequence[Path], folders: Sequence[Path]) -> None:
        """Have these files, and all files in these folders, here as the store has them."""
        self._note_use({path.relative_to(self.root).parts[0] for path in (*files, *folders)})
        wanted: dict[str, Stored] = {}
        for path in files:
            if one := self.store.file(self.name_of(path)):
                wanted[self.name_of(path)] = one
            else:
                path.unlink(missing_ok=True)
        for folder in folders:
            found = self.store.files(self.name_of(folder))
            self._forget(folder, found)
            wanted.update(found)
        self._download(wanted)

    def fetch_where(self, folder: Path, wanted: Callable[[str], bool]) -> None:
        """Have those files in a folder here that are wanted by their names in it, and all of its folders."""
        prefix = self.name_of(folder)
        found = self.store.files(prefix)
        self._forget(folder, found)
        for parent in {(self.root / name).parent for name in found}:
            parent.mkdir(parents=True, exist_ok=True)
        self._download({name: one for name, one in found.items() if wanted(name.removeprefix(prefix).lstrip("/"))})

    def mirror_names(self, folder: Path) -> None:
        """Have a file for each one right in the folder of the store, with its time, but empty until it is fetched."""
        folder.mkdir(parents=True, exist_ok=True)
        prefix = self.name_of(folder)
        there = self.store.names(prefix)
        for path in folder.iterdir():
            if path.name not in there and not path.name.startswith("."):
                path.unlink(missing_ok=True)
        for name, one in there.items():
            if not self._has(f"{prefix}/{name}".lstrip("/"), one):
                with self._replacing(folder / name, one) as temporary:
                    temporary.touch()

    def keep(self, complete: Path, path: Path) -> None:
        """Put a complete file into the store, under the name of the path that it will have here."""
        name = self.name_of(path)
        self.store.upload(complete, name)
        if one := self.store.file(name):
            os.utime(complete, (one.modified, one.modified))

    def remove(self, path: Path) -> None:
        """Remove a file, or all files in a folder, from the store."""
        name = self.name_of(path)
        self.store.remove([name] if self.store.file(name) else self.store.files(name))

    def _note_use(self, names: Iterable[str]) -> None:
        """Note that these files and folders at the root are used now, and remove those that nobody used for a day."""
        notes = self.root / USED
        notes.mkdir(parents=True, exist_ok=True)
        for name in names:
            (notes / name).touch()
        for note in notes.iterdir():
            with suppress(FileNotFoundError):  # another removes it, too
                if time.time() - note.stat().st_mtime > SECONDS_PER_DAY:
                    note.unlink()
                    unused = self.root / note.name
                    shutil.rmtree(unused) if unused.is_dir() else unused.unlink()

    def _has(self, name: str, one: Stored) -> bool:
        try:
            stat = (self.root / name).stat()
        except FileNotFoundError:
            return False
        return (stat.st_size, round(stat.st_mtime, 3)) == (one.size, round(one.modified, 3))

    def _forget(self, folder: Path, found: Mapping[str, Stored]) -> None:
        for path in folder.rglob("*"):
            own = any(part.startswith(".") for part in path.relative_to(self.root).parts)
            if path.is_file() and not own and self.name_of(path) not in found:
                path.unlink(missing_ok=True)

    def _download(self, wanted: Mapping[str, Stored]) -> None:
        """Bring those files here that are not here as they are in the store."""
        missing = [(name, one) for name, one in wanted.items() if not self._has(name, one)]
        with ThreadPoolExecutor(TRANSFERS) as pool:
            list(pool.map(self._download_one, missing))

    def _download_one(self, entry: tuple[str, Stored]) -> None:
        name, one = entry
        with self._replacing(self.root / name, one) as temporary:
            self.store.download(name, temporary)

    @contextmanager
    def _replacing(self, path: Path, one: Stored) -> Iterator[Path]:
        """Give a temporary path to write to; it becomes `path`, with the time of the file in the store."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
        try:
            yield temporary
            os.utime(temporary, (one.modified, one.modified))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _copies() -> list[WorkingCopy]:
    return [WorkingCopy(root, ObjectStore(uri)) for root, uri in load_settings().stores]


def copy_of(path: Path) -> WorkingCopy | None:
    """The working copy that a path lies in; None where it lies in none, like the caches of this machine."""
    for copy in _copies():
        if path.is_relative_to(copy.root) and path.relative_to(copy.root).parts[:1] != (BY_DAY,):
            return copy
    return None


def fetch(*files: Path, folders: Sequence[Path] = ()) -> None:
    """Have files and folders of one root here as its store has them."""
    for copy in _copies():
        mine = [[path for path in paths if path.is_relative_to(copy.root)] for paths in (files, folders)]
        if any(mine):
            copy.fetch(*mine)


def fetch_where(folder: Path, wanted: Callable[[str], bool]) -> None:
    """Have those files in a folder of a store here that are wanted, and all of its folders, however empty."""
    if copy := copy_of(folder):
        copy.fetch_where(folder, wanted)


def bytes_of(path: Path) -> int | None:
    """The bytes of a file, or of all files in a folder, in its store; None where it is in none."""
    if (copy := copy_of(path)) is None:
        return None
    name = copy.name_of(path)
    return one.size if (one := copy.store.file(name)) else sum(each.size for each in copy.store.files(name).values())


def names(folder: Path) -> set[str]:
    """The names of the files right in a folder, as its store has them."""
    if copy := copy_of(folder):
        return set(copy.store.names(copy.name_of(folder)))
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def mirror_names(folder: Path) -> None:
    """See which files there are in a folder of a store: each has a file here, empty until it is fetched."""
    if copy := copy_of(folder):
        copy.mirror_names(folder)


def keep(complete: Path, path: Path) -> None:
    """Put a complete file, which is to become `path`, into the store."""
    if copy := copy_of(path):
        copy.keep(complete, path)


def remove(path: Path) -> None:
    """Remove a file or a folder from the store."""
    if copy := copy_of(path):
        copy.remove(path)


def shown(path: Path) -> str:
    """A path as people know it: in the store, where it lies in a working copy."""
    copy = copy_of(path)
    return f"{copy.store.uri}/{copy.name_of(path)}".rstrip("/") if copy else str(path)


def located(text: str) -> Path:
    """The path of a URI below a root in a store, in its working copy; of anything else the path itself."""
    for copy in _copies():
        if text.startswith(f"{copy.store.uri}/"):
            return copy.root / text[len(copy.store.uri) + 1 :]
    if "://" in text:
        raise SettingError(f"{text} is not below the inbox or the output root; put the file into the inbox")
    return Path(text)
