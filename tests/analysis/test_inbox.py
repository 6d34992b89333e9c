"""Exports in the inbox: which are of a day, which is the newest, and which are complete."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from include.analysis.errors import ExportMissing, ExportUnfinished
from include.analysis.inbox import Inbox
from include.analysis.settings import load_settings

DAY = date(2025, 3, 9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def inbox(folder: Path, **settings: str) -> Inbox:
    named = {f"COMMENT_ANALYSIS_{name}": value for name, value in settings.items()}
    return Inbox.of(load_settings({"COMMENT_ANALYSIS_INBOX": str(folder), **named}))


def put(path: Path, age: float = 3600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_all_files_of_a_day_are_one_input_in_the_order_of_their_names(folder: Path) -> None:
    wanted = [put(folder / name) for name in ("comments_2025-03-09.csv", "comments_2025-03-09_sur.XLSX")]
    for other in (
        "comments_2025-03-08.csv", "comments_2025-03-09.pdf", ".comments_2025-03-09.csv", "x_2025-03-09.csv",
        "~$comments_2025-03-09.xlsx", "comments_2025-03-09.csv.done",
    ):  # fmt: skip
        put(folder / other)
    (folder / "comments_2025-03-09_folder.csv").mkdir()
    assert inbox(folder).of_day(DAY) == tuple(wanted)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{date}", "2025-03-09.csv.gz"),
        ("export-{date:%d%m%Y}.csv", "export-09032025.csv"),
        ("{date:%Y}/{date:%m-%d}*", "2025/03-09 norte.tsv"),
    ],
)
def test_the_pattern_is_a_setting(folder: Path, pattern: str, name: str) -> None:
    path = put(folder / name)
    assert inbox(folder, PATTERN=pattern).of_day(DAY) == (path,)


def test_a_missing_export_is_told_with_the_name_that_it_would_have(folder: Path) -> None:
    with pytest.raises(
        ExportMissing, match=r"no export of 2025-03-09 in the inbox .*; it would be called comments_2025"
    ):
        inbox(folder).of_day(DAY)
    with pytest.raises(ExportMissing, match="holds no export; give input_path"):
        inbox(folder / "nowhere").newest()


def test_the_newest_comes_first(folder: Path) -> None:
    older, newer = put(folder / "a.csv", age=300), put(folder / "b.xlsx", age=200)
    assert inbox(folder).exports() == [newer, older]
    assert inbox(folder).newest() == newer


def test_a_file_that_changed_just_now_is_not_taken(folder: Path) -> None:
    put(folder / "comments_2025-03-09.csv")
    growing = put(folder / "comments_2025-03-09_2.csv", age=5)
    for taken in (inbox(folder).newest, lambda: inbox(folder).of_day(DAY)):
        with pytest.raises(
            ExportUnfinished, match=rf"{growing.name} is not complete: it changed in the last 30 seconds"
        ):
            taken()
    assert len(inbox(folder, READY="4").of_day(DAY)) == 2
    assert inbox(folder, READY="0").newest() == growing


def test_a_marker_says_that_a_file_is_complete(folder: Path) -> None:
    path = put(folder / "comments_2025-03-09.csv", age=0)
    with pytest.raises(ExportUnfinished, match=r"there is no comments_2025-03-09.csv.done beside it"):
        inbox(folder, READY="done").of_day(DAY)
    put(folder / "comments_2025-03-09.csv.done")
    assert inbox(folder, READY="done").of_day(DAY) == (path,)
