"""What the tries of batches tell of a run that goes on: each record is read once when its try has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.analysis.files import read_json


@dataclass
class Attempts:
    """The tries of one run (see `processing.Attempt`), as far as they are known."""

    folder: Path
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: dict[str, dict[str, Any]] = field(default_factory=dict)

    def look(self) -> None:
        """Read what is new."""
        names = {str(path.relative_to(self.folder)) for path in self.folder.glob("*/[0-9]*.json")}
        self.ended = {name: record for name, record in self.ended.items() if name in names}
        self.running = {}
        for name in names - self.ended.keys():
            try:
                record = read_json(self.folder / name)
            except (OSError, ValueError):  # gone since: the run began anew
                continue
            (self.running if record["outcome"] == "running" else self.ended)[name] = record

    @property
    def all(self) -> dict[str, dict[str, Any]]:
        return {**self.ended, **self.running}

    @property
    def retries(self) -> int:
        """Tries after the first of their batch."""
        return sum(record["number"] > 1 for record in self.all.values())

    @property
    def failed(self) -> int:
        """Tries that failed, those that were killed included: another one of their batch has followed."""
        latest = self._latest()
        over = [
            record
            for record in self.running.values()
            if record["number"] < latest[record["analysis"], record["batch"]]["number"]
        ]
        return len(over) + len([record for record in self.ended.values() if record["outcome"] == "failed"])

    @property
    def average_seconds(self) -> float | None:
        """How long the tries took that ended well."""
        seconds = [record["seconds"] for record in self.ended.values() if record["outcome"] == "done"]
        return round(sum(seconds) / len(seconds), 3) if seconds else None

    @property
    def peak_memory_mb(self) -> float | None:
        """The highest memory of a try."""
        return max((round(record["peak_memory_mb"], 1) for record in self.ended.values()), default=None)

    @property
    def answers(self) -> int:
        """Row-analyses that the latest tries have done or found done."""
        return sum(int(record["rows_done"] + record["rows_skipped"]) for record in self._latest().values())

    def _latest(self) -> dict[tuple[str, int], dict[str, Any]]:
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for record in sorted(self.all.values(), key=lambda one: int(one["number"])):
            found[record["analysis"], record["batch"]] = record
        return found
