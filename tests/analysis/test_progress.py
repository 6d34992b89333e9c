"""Progress is counted from the parts on disk, and told with the rate of this run alone."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from include.analysis import BatchProcessor
from include.analysis.progress import (
    ANALYSING,
    FINISHED,
    REPORTING,
    SPLITTING,
    Progress,
    ProgressTracker,
    read_progress,
)
from tests.analysis.test_batch_processor import make_export


def test_progress_is_read_from_the_run_folder(tmp_path: Path) -> None:
    assert read_progress(tmp_path) == Progress(SPLITTING, 0, None)
    BatchProcessor(100, 1).process_parallel(make_export(tmp_path / "e.csv", 300), ["themes", "emotions"], out=tmp_path)
    assert read_progress(tmp_path) == Progress(FINISHED, 600, 600, 300, 3, 3)
    (tmp_path / "report.json").unlink()
    assert read_progress(tmp_path) == Progress(REPORTING, 600, 600, 300, 3, 3)
    (tmp_path / "results.json").unlink()
    next(tmp_path.glob("parts/themes*/00001*/*.parquet")).unlink()
    progress = read_progress(tmp_path)
    assert progress == Progress(ANALYSING, 500, 600, 300, 3, 2)
    assert progress.percentage == 83.33
    (tmp_path / "batches/manifest.json").unlink()
    assert read_progress(tmp_path).phase == SPLITTING


def test_lines_tell_rate_and_time_left_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    tracker = ProgressTracker(stream)
    tracker.update(Progress(SPLITTING, 0, None))
    tracker.update(Progress(ANALYSING, 400, 1000, 1000))  # 400 were done by an earlier run
    now[0] += 5
    tracker.update(Progress(ANALYSING, 450, 1000, 1000))  # too soon to be told
    now[0] += 5
    tracker.update(Progress(ANALYSING, 500, 1000, 1000))
    assert stream.getvalue().splitlines() == [
        "splitting",
        "analysing: 40 %, 0 rows/s",
        "analysing: 50 %, 10 rows/s, 50 s left",
    ]
