"""Files that exist whole or not at all: written under a temporary name in the same folder, then renamed.

What is renamed is on the disk by then, and in the store, where the folder is in one (see `storage`): after a power cut
a file is there whole, or not there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from include.analysis import storage

NUMBERS = re.compile(r"\[\n\s*(-?\d+(?:,\n\s*-?\d+)*)\n\s*\]")
"""A list of whole numbers in indented JSON; it reads better on one line. (Texts hold no bare newline in JSON.)"""


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it becomes `path` when the block ends well and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        _flush(temporary)
        storage.keep(temporary, path)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_file(path: Path) -> None:
    """Remove a file; it may be gone already."""
    path.unlink(missing_ok=True)
    storage.remove(path)


def remove_folder(path: Path) -> None:
    """Remove a folder and all that is in it, as far as that can be done."""
    shutil.rmtree(path, ignore_errors=True)
    storage.remove(path)


def write_json(path: Path, value: Any) -> None:
    """Write JSON, indented, whole or not at all."""
    with complete_file(path) as temporary:
        indented = json.dumps(value, ensure_ascii=False, indent=1)
        text = NUMBERS.sub(lambda match: f"[{' '.join(match[1].split())}]", indented)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON."""
    return json.loads(path.read_text(encoding="utf-8"))
