"""What can go wrong in the launcher itself."""

from __future__ import annotations

from pathlib import Path

TAIL_LINES = 15


class LaunchFailed(Exception):
    """Airflow did not start, or ended before its work was done; the log says why."""

    def __init__(self, message: str, log: Path) -> None:
        super().__init__(message)
        self.log = log

    def explanation(self) -> str:
        """The message, the end of the log, and where the rest is."""
        return f"{self}. The log ends with:\n\n{tail(self.log)}\n\nLog: {self.log}"


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log file."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(there is no log)"
    return "\n".join(text.rstrip().splitlines()[-lines:])
