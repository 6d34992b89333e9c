"""The run folder: everything of one run, and where in it each thing lies.

run.json                            what this run does (written first)
batches/input.json                  what the input is (written before the first batch)
batches/00000.parquet, ...          the rows, a file a batch
batches/manifest.json               the batches and what reading found (written after the last)
parts/<analysis>/<batch>/<rows>     what each analysis wrote, a file a slice
attempts/<analysis>/<batch>-<try>   how each try went
errors/<task>.json                  why a task failed
comments.parquet, comments.csv      every row with its answers
quarantine.csv                      rows that an analysis failed on, when there are any
results.json                        the results (written last)
skipped.json                        why there is nothing to do, in place of everything else
report.html, report.xlsx, comments_unique.csv, comments_unique.parquet     what people read (see `report`)
report.json                         which of these there are, and what making them took
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from include.analysis import storage
from include.analysis.configuration import RunConfig
from include.analysis.day_record import InputFile
from include.analysis.errors import AnalysisError, OutputUnwritable, UserError
from include.analysis.files import read_json, remove_file, remove_folder, write_json
from include.analysis.parts import Batch
from include.analysis.settings import Settings

RESULT_FILES = (
    *("results.json", "comments.parquet", "comments.csv", "quarantine.csv"),
    *("report.html", "report.xlsx", "comments_unique.csv", "comments_unique.parquet", "report.json"),
)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def is_full(error: BaseException | None) -> bool:
    """Whether an error says that nothing more can be written, which trying again does not mend."""
    return isinstance(error, OSError) and error.errno in FULL


@dataclass(frozen=True)
class RunFolder:
    """Paths and records of one run."""

    path: Path

    @classmethod
    def of_run(cls, run_id: str, settings: Settings) -> RunFolder:
        """The folder of a DAG run."""
        return cls(settings.run_folder or settings.output_root / re.sub(r"[^\w.+-]", "_", run_id))

    @property
    def batches(self) -> Path:
        return self.path / "batches"

    @property
    def input_file(self) -> Path:
        return self.batches / "input.json"

    @property
    def manifest_file(self) -> Path:
        return self.batches / "manifest.json"

    @property
    def parts(self) -> Path:
        return self.path / "parts"

    @property
    def attempts(self) -> Path:
        return self.path / "attempts"

    @property
    def errors(self) -> Path:
        return self.path / "errors"

    @property
    def results_file(self) -> Path:
        return self.path / "results.json"

    @property
    def report_file(self) -> Path:
        return self.path / "report.json"

    @property
    def skip_file(self) -> Path:
        return self.path / "skipped.json"

    def fetch(self, *names: str) -> None:
        """Have files and folders (their names end with /) here as the store has them (see `storage`)."""
        files = [self.path / name for name in names if not name.endswith("/")]
        storage.fetch(*files, folders=[self.path / name for name in names if name.endswith("/")])

    def begin(self, config: RunConfig, fingerprints: Mapping[str, str], files: Sequence[InputFile] = ()) -> None:
        """Start a run here: drop the results and records of an earlier run; its batches and parts may still serve.

        `fingerprints` says what the answers of each analysis depend on, `files` what the input is: path, size in bytes
        and time of modification in nanoseconds of each file.

        Raises OutputUnwritable.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.remove_results()
            self.remove_unfinished()
            remove_file(self.skip_file)
            for folder in (self.attempts, self.errors):
                remove_folder(folder)
            record = {
                "config": config.to_dict(),
                "fingerprints": dict(fingerprints),
                "files": list(files),
                "started": time.time(),
            }
            write_json(self.path / "run.json", record)
        except OSError as error:
            raise self.unwritable(error) from error

    def remove_results(self) -> None:
        """Remove the results: what is there of them is not of one run, or will not be."""
        for name in RESULT_FILES:
            remove_file(self.path / name)

    def remove_unfinished(self) -> None:
        """Remove the files that a killed process left under temporary names (see `files.complete_file`)."""
        for path in self.path.rglob(".*.tmp"):
            path.unlink(missing_ok=True)

    @contextmanager
    def needs_room(self) -> Iterator[None]:
        """Turn the error of a full disk into OutputUnwritable."""
        try:
            yield
        except OSError as error:
            if not is_full(error):
                raise
            raise self.unwritable(error) from error

    def unwritable(self, error: OSError) -> OutputUnwritable:
        """The error for this folder when nothing can be written to it."""
        why = os.strerror(error.errno) if error.errno else str(error)
        advice = "free some space or name another folder" if is_full(error) else "name a folder that can be"
        return OutputUnwritable(f"the results cannot be written to {storage.shown(self.path)} ({why}); {advice}")

    @cached_property
    def record(self) -> dict[str, Any]:
        """What `begin` wrote."""
        found: dict[str, Any] = read_json(self.path / "run.json")
        return found

    @property
    def files(self) -> list[InputFile]:
        """The files of the input as the run found them: path, size in bytes, time of modification in nanoseconds."""
        return [InputFile(*entry) for entry in self.record["files"]]

    @property
    def config(self) -> RunConfig:
        return RunConfig.from_dict(self.record["config"])

    @cached_property
    def input(self) -> dict[str, Any]:
        """What the input is and how it is cut, known when the first batch is complete."""
        found: dict[str, Any] = read_json(self.input_file)
        return found

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the split found and wrote.

        Raises AnalysisError when the split is not complete.
        """
        try:
            found: dict[str, Any] = read_json(self.manifest_file)
        except FileNotFoundError:
            raise AnalysisError(f"the split of {self.path} is not complete: it has no batches/manifest.json") from None
        return found

    def batch_list(self) -> list[Batch]:
        """The batches in input order."""
        return [Batch(folder=self.batches, **entry) for entry in self.manifest["batches"]]

    def record_failure(self, task: str, error: BaseException) -> None:
        """Keep why a task failed, for whoever reports on the run."""
        kind = "user" if isinstance(error, UserError) else "other"
        message = str(error) or type(error).__name__
        write_json(
            self.errors / f"{task}.json",
            {"task": task, "kind": kind, "type": type(error).__name__, "message": message},
        )

    def forget_failure(self, task: str) -> None:
        """Drop the record of a failure that has been made good."""
        remove_file(self.errors / f"{task}.json")

    def status(self) -> str | None:
        """The status of the results; None when there are none."""
        return str(read_json(self.results_file)["status"]) if self.results_file.exists() else None

    def record_skip(self, reason: str) -> None:
        """Keep why the run has nothing to do, in place of what came before."""
        remove_folder(self.errors)
        self.remove_results()
        write_json(self.skip_file, {"reason": reason})

    def skipped(self) -> str | None:
        """Why the run has nothing to do, when that is so."""
        return str(read_json(self.skip_file)["reason"]) if self.skip_file.exists() else None

    def failures(self) -> dict[str, dict[str, str]]:
        """The recorded failures, by task."""
        return {path.stem: read_json(path) for path in sorted(self.errors.glob("*.json"))}
