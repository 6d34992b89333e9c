"""What the folder of a run tells while the run goes on. Cheap enough for many to ask: names, and a few small files."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comment_page.services.attempts import Attempts
from comment_page.services.repeats_so_far import repeats_so_far
from include.analysis.files import read_json
from include.analysis.progress import Progress, read_progress

if TYPE_CHECKING:
    from include.analysis.run_folder import RunFolder

REPEATS_SECONDS = 5.0
RUNS = 64
FILES = ("run.json", "batches/manifest.json", "results.json", "report.json", "skipped.json", "attempts/", "errors/")


@dataclass(frozen=True)
class Seen:
    """What a look at the folder has found. `rate` is in row-analyses a second."""

    progress: Progress
    analyses: int
    answers: int
    rate: float
    attempts: Attempts
    repeats: int | None


class Watch:
    """One run; remembers what need not be read twice."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.attempts = Attempts(run.attempts)
        self.counted = 0.0
        self.repeats: int | None = None
        self.lock = threading.Lock()

    def look(self) -> Seen:
        """Look at the folder."""
        with self.lock:
            self.run.fetch(*FILES)
            progress = read_progress(self.run.path)
            self.attempts.look()
            record = self._json("run.json")
            analyses = len(record.get("config", {}).get("analyses", ())) or 1
            answers = min(max(progress.done, self.attempts.answers), progress.total or 0)
            since = max(record.get("started", 0.0), self._modified("batches/manifest.json"))
            rate = answers / max(time.time() - since, 0.5) if progress.total else 0.0
            self._count_repeats(record, progress)
            return Seen(progress, analyses, answers, rate, self.attempts, self.repeats)

    def _count_repeats(self, record: dict[str, Any], progress: Progress) -> None:
        fingerprint = record.get("fingerprints", {}).get("duplicates")
        if not fingerprint or not progress.total or time.monotonic() - self.counted < REPEATS_SECONDS:
            return
        self.repeats = repeats_so_far(self.run.path, fingerprint, self._json("batches/manifest.json")["batches"])
        self.counted = time.monotonic() if self.repeats is not None else 0.0

    def _json(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = read_json(self.run.path / name)
        except (OSError, ValueError):
            return {}
        return found

    def _modified(self, name: str) -> float:
        try:
            return (self.run.path / name).stat().st_mtime
        except OSError:
            return 0.0


class Watches:
    """The runs that someone follows."""

    def __init__(self) -> None:
        self.known: OrderedDict[str, Watch] = OrderedDict()
        self.lock = threading.Lock()

    def of(self, run_id: str, run: RunFolder) -> Watch:
        """The watch over a run."""
        with self.lock:
            watch = self.known.setdefault(run_id, Watch(run))
            self.known.move_to_end(run_id)
            while len(self.known) > RUNS:
                self.known.popitem(last=False)
        return watch
