"""Custom analyses that the tests name in the settings: one that works, and some that misbehave."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.analysis import Analysis, Part, Partial, Rows


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
        raise ValueError("nunca funciona")


class Greedy(Letters):
    """Runs out of memory on more than 40 rows."""

    name = "greedy"

    def analyse(self, rows: Rows) -> Part:
        if len(rows) > 40:
            raise MemoryError
        return super().analyse(rows)


class Suicidal(Letters):
    """Kills its own process the first time that it meets row 150; `TEST_MARKER` names a file to remember that by."""

    name = "suicidal"

    def analyse(self, rows: Rows) -> Part:
        marker = Path(os.environ["TEST_MARKER"])
        if rows.start <= 150 < rows.start + len(rows) and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().analyse(rows)
