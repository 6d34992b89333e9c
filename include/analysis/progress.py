"""How far a run is: counted from the parts on disk, so it is true whoever runs it and whatever died on the way."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from include.analysis.files import read_json

if TYPE_CHECKING:
    from tqdm import tqdm

SPLITTING, ANALYSING, AGGREGATING, REPORTING, FINISHED = (
    *("splitting", "analysing", "aggregating"),
    *("reporting", "finished"),
)


@dataclass(frozen=True)
class Progress:
    """`done` of `total` row-analyses (a row counts once for each analysis); `total` None: not known yet.

    `batches_done` of `batches` have parts of every analysis for all of their rows.
    """

    phase: str
    done: int
    total: int | None
    rows: int | None = None
    batches: int | None = None
    batches_done: int = 0

    @property
    def percentage(self) -> float:
        return round(100 * self.done / self.total, 2) if self.total else 0.0


def read_progress(folder: Path) -> Progress:
    """How far the run in a folder is. Reads names of files alone, so it is cheap enough to poll."""
    try:
        record = read_json(folder / "run.json")
        manifest = read_json(folder / "batches" / "manifest.json")
    except (FileNotFoundError, ValueError):
        return Progress(SPLITTING, 0, None)
    rows, batches = manifest["rows"], manifest["batches"]
    total = rows * len(record["config"]["analyses"])
    if (folder / "results.json").exists():
        reported = any((folder / name).exists() for name in ("report.json", "errors/report.json"))
        return Progress(FINISHED if reported else REPORTING, total, total, rows, len(batches), len(batches))
    fingerprints = record.get("fingerprints", {}).values()
    done = [_answers(folder / "parts", fingerprints, batch) for batch in batches]
    whole = sum(
        answers == len(fingerprints) * (batch["stop"] - batch["start"])
        for answers, batch in zip(done, batches, strict=True)
    )
    return Progress(ANALYSING if sum(done) < total else AGGREGATING, sum(done), total, rows, len(batches), whole)


def _answers(parts: Path, fingerprints: Collection[str], batch: dict[str, Any]) -> int:
    """The row-analyses of a batch that are done."""
    name = f"{batch['index']:05d}-{batch['digest']}"
    return sum(_rows_done(parts / fingerprint / name, batch) for fingerprint in fingerprints)


def _rows_done(folder: Path, batch: dict[str, Any]) -> int:
    names = [path.stem for path in folder.glob("[0-9]*.parquet")] if folder.is_dir() else []
    rows = sum(int(stop) - int(start) for start, stop in (name.split("-") for name in names))
    return min(rows, int(batch["stop"]) - int(batch["start"]))


@dataclass
class ProgressTracker:
    """Shows progress: a bar with rate and time left on a terminal, a line every ten seconds elsewhere."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    seconds_between_lines: float = 10.0

    def __post_init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._bar: tqdm[Any] | None = None
        self._last_line = -self.seconds_between_lines
        self._phase = ""

    def update(self, progress: Progress) -> None:
        """Show where the run is now."""
        if self._first is None and progress.phase == ANALYSING:
            self._first = (time.monotonic(), progress.done)
        if self.stream.isatty():
            self._update_bar(progress)
        else:
            self._update_line(progress)

    def rate(self, progress: Progress) -> float:
        """Row-analyses a second since the first that this tracker saw; what an earlier run did does not count."""
        if self._first is None:
            return 0.0
        began, done = self._first
        elapsed = time.monotonic() - began
        return (progress.done - done) / elapsed if elapsed > 0 else 0.0

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _update_bar(self, progress: Progress) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=progress.total,
                initial=progress.done,
                file=self.stream,
                unit=" rows",
                unit_scale=True,
                leave=False,
                dynamic_ncols=True,
            )
        self._bar.total = progress.total
        self._bar.set_description_str(progress.phase, refresh=False)
        self._bar.n = progress.done
        self._bar.refresh()

    def _update_line(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.phase == self._phase and now - self._last_line < self.seconds_between_lines:
            return
        self._phase, self._last_line = progress.phase, now
        rate = self.rate(progress)
        text = progress.phase
        if progress.total and progress.phase == ANALYSING:
            left = (progress.total - progress.done) / rate if rate else None
            text += f": {progress.percentage:.0f} %, {rate:,.0f} rows/s"
            text += f", {left:,.0f} s left" if left is not None else ""
        print(text, file=self.stream, flush=True)
