"""A lock between processes, where the system has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Wait for the lock of a file, made where it does not exist, and hold it; the system frees that of a dead process.

    Gives whether there is a lock: where the system or the file system has none, everybody goes on at once.
    """
    with path.open("ab") as file:
        yield _lock(file.fileno())


def _lock(descriptor: int) -> bool:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):  # a system or a file system without locks
        return False
    return True
