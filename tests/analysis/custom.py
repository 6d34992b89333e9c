"""Custom analyses that the tests name in the settings: one that works, and some that misbehave."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.analysis import Analysis, Part, Partial, Reduction, Rows
from include.analysis.parts import StoredPart


class Letters(Analysis):
    """Counts letters."""

    name = "letters"
    version = "1"
    schema = pa.schema([("letters", pa.int64())])

    def analyse(self, rows: Rows) -> Part:
        lengths = pc.utf8_length(rows.texts).cast(pa.int64())
        return Part({"letters": pc.sum(lengths).as_py() or 0}, pa.table({"letters": lengths}))

    def summarise(self, partial: Partial) -> dict[str, Any]:
        return dict(partial)


class Poisoned(Letters):
    """Fails on any slice that holds a comment with the word veneno."""

    name = "poisoned"

    def analyse(self, rows: Rows) -> Part:
        if pc.any(pc.match_substring(rows.texts, "veneno")).as_py():
            raise ValueError("no puedo con veneno")
        return super().analyse(rows)


class Broken(Letters):
    """Always fails."""

    name = "broken"

    def analyse(self, rows: Rows) -> Part:
        raise ValueError(f"nunca funciona {os.environ.get('TEST_QUOTE', '')}".strip())


class Greedy(Letters):
    """Runs out of memory on more than 40 rows."""

    name = "greedy"

    def analyse(self, rows: Rows) -> Part:
        if len(rows) > 40:
            raise MemoryError
        return super().analyse(rows)


class Deadly(Greedy):
    """Kills its own process when it first meets row 150, and when its partials are first merged.

    Being greedy, it has finished slices of the batch by then. `TEST_MARKERS` names a folder to remember the kills in.
    """

    name = "deadly"

    def analyse(self, rows: Rows) -> Part:
        part = super().analyse(rows)
        if rows.start <= 150 < rows.start + len(rows):
            kill_once("analyse")
        return part

    def reduce(self, parts: Sequence[StoredPart], scratch: Path) -> Reduction:
        kill_once("reduce")
        return super().reduce(parts, scratch)


class Obedient(Greedy):
    """Does what the files in the folder `TEST_MARKERS` say.

    For each file with a name like `refuse-150.1` it fails once on a slice with row 150, and as long as there is a file
    `hold-150` it waits before it answers one. A file `held-<process>` says that it does.
    """

    name = "obedient"

    def analyse(self, rows: Rows) -> Part:
        if refusal := order("refuse", rows):
            refusal.unlink()
            raise OSError("no quiero")
        part = super().analyse(rows)
        while hold := order("hold", rows):
            hold.with_name(f"held-{os.getpid()}").touch()
            time.sleep(0.05)
        return part


class Hungry(Letters):
    """Takes two mebibytes of memory for each row."""

    name = "hungry"

    def analyse(self, rows: Rows) -> Part:
        taken = [np.ones(1 << 18) for _ in range(len(rows))]
        assert sum(block.nbytes for block in taken) == len(rows) << 21
        return super().analyse(rows)


def order(what: str, rows: Rows) -> Path | None:
    """The file in `TEST_MARKERS` that says to do something with one of these rows."""
    for path in sorted(Path(os.environ["TEST_MARKERS"]).glob(f"{what}-*")):
        if rows.start <= int(path.stem.removeprefix(f"{what}-")) < rows.start + len(rows):
            return path
    return None


def kill_once(what: str) -> None:
    """Kill this process with SIGKILL, unless it was done before."""
    marker = Path(os.environ["TEST_MARKERS"]) / what
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
