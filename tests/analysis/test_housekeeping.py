"""Cleaning removes what a finished run does not need, and nothing else, whatever stands in its way."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.analysis import BatchProcessor, housekeeping, pipeline
from include.analysis.errors import AnalysisError, SettingError
from include.analysis.files import read_json, write_json
from include.analysis.housekeeping import Removed, clean, freed, size_of
from include.analysis.run_folder import RunFolder
from tests.analysis.made_runs import made_run, write_comments

TEXTS = ["muy caro", "MUY CARO", "no anda", ""]
DAY = 86_400
STEPS = ("batches", "parts", "attempts")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("made") / "run", TEXTS, ["duplicates"]).path


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """An output root with a run that ended ten days ago."""
    copy_run(made, tmp_path / "runs" / "old")
    return tmp_path / "runs"


def copy_run(made: Path, folder: Path, days: float = 10) -> RunFolder:
    """A copy of a run as if it had ended some days ago."""
    shutil.copytree(made, folder)
    age(folder, days)
    return RunFolder(folder)


def age(path: Path, days: float) -> None:
    """Make a file, or all that is in a folder, some days older."""
    for one in [path, *path.rglob("*")] if path.is_dir() else [path]:
        found = one.stat()
        os.utime(one, ns=(found.st_atime_ns, found.st_mtime_ns - int(days * DAY * 1e9)))


def snapshot(root: Path) -> dict[str, Any]:
    """Everything in a folder with content."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def names(removed: list[Removed], root: Path) -> list[str]:
    return [str(one.path.relative_to(root)) for one in removed]


def test_the_steps_of_a_finished_run_go_and_the_results_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMENT_ANALYSIS_EXTRA", "letters=tests.analysis.custom:Letters")
    export = write_comments(tmp_path / "export.csv", TEXTS * 30)
    run = RunFolder(tmp_path / "runs" / "scheduled__1")
    BatchProcessor(50, 2).process_parallel(export, ["duplicates", "letters"], out=run.path)
    run.record_failure("split", ValueError("an earlier try"))
    before = snapshot(tmp_path)
    assert clean(tmp_path / "runs", 1) == []
    assert snapshot(tmp_path) == before
    removed = clean(tmp_path / "runs", 1, now=time.time() + DAY + 60)
    assert names(removed, run.path) == list(STEPS)
    kept = {name: content for name, content in before.items() if not any(f"/{step}" in name for step in STEPS)}
    assert snapshot(tmp_path) == kept
    assert {
        "runs/scheduled__1/" + name
        for name in ("results.json", "comments.parquet", "comments.csv", "run.json", "errors/split.json")
    } < set(kept)
    gone = sum(len(content) for name, content in before.items() if name not in kept and content is not None)
    assert freed(removed) == gone > 0
    assert clean(tmp_path / "runs", 1, now=time.time() + DAY + 60) == []


def test_the_same_run_can_be_made_again(root: Path, tmp_path: Path) -> None:
    clean(root, 1)
    again = made_run(root / "old", TEXTS, ["duplicates"])
    assert read_json(again.results_file)["status"] == "success"
    assert again.batches.is_dir()


def test_a_dry_run_says_the_same_and_removes_nothing(root: Path) -> None:
    (root / "old" / ".comments.csv.1-a.tmp").write_bytes(b"half")
    (root / "old" / "batches" / ".00000.parquet.1-a.tmp").write_bytes(b"half")
    (root / "by_day" / "a").mkdir(parents=True)
    (root / "by_day" / "a" / "index.json").write_text("{}")
    age(root, 10)
    before = snapshot(root)
    said = clean(root, 1, dry_run=True)
    assert snapshot(root) == before
    assert clean(root, 1) == said
    assert names(said, root) == ["by_day/a", *(f"old/{step}" for step in STEPS), "old/.comments.csv.1-a.tmp"]


@pytest.mark.parametrize("keep", [9.9, 10.1])
def test_age_is_counted_from_the_results(keep: float, root: Path) -> None:
    now = (root / "old" / "results.json").stat().st_mtime + 10 * DAY
    assert bool(clean(root, keep, now)) == (keep < 10)


def change_results(run: RunFolder, **values: Any) -> None:
    stat = run.results_file.stat()
    write_json(run.results_file, {**read_json(run.results_file), **values})
    os.utime(run.results_file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("status", ["partial_success", "failed", None])
def test_a_run_that_lacks_answers_is_left(status: str | None, root: Path) -> None:
    change_results(RunFolder(root / "old"), status=status)
    (root / "old" / ".a.tmp").touch()
    age(root / "old" / ".a.tmp", 10)
    before = snapshot(root)
    assert clean(root, 1) == []
    assert snapshot(root) == before


@pytest.mark.parametrize("results", ["", "[]", "{}", '{"status"', None])
def test_a_run_without_usable_results_is_left(results: str | None, root: Path) -> None:
    path = root / "old" / "results.json"
    if results is None:
        path.unlink()
    else:
        path.write_text(results)
        age(path, 10)
    before = snapshot(root)
    assert clean(root, 1) == []
    assert snapshot(root) == before


@pytest.mark.parametrize("begun", ["run.json", "batches/manifest.json", "attempts/duplicates/00000-001.json"])
def test_a_run_in_which_something_was_begun_again_is_left(begun: str, root: Path) -> None:
    results = (root / "old" / "results.json").stat()
    os.utime(root / "old" / begun, ns=(results.st_atime_ns, results.st_mtime_ns + 1))
    before = snapshot(root)
    assert clean(root, 1) == []
    assert snapshot(root) == before
    os.utime(root / "old" / begun, ns=(results.st_atime_ns, results.st_mtime_ns))
    assert names(clean(root, 1), root / "old") == list(STEPS)


def test_what_is_no_run_folder_is_left(root: Path, made: Path, tmp_path: Path) -> None:
    copy_run(made, root / "other")
    (root / "other" / "run.json").unlink()
    (root / "history" / "day=2025-01-01").mkdir(parents=True)
    (root / "history" / "batches").mkdir()
    (root / "run.json").write_text("{}")
    (root / "batches").mkdir()
    age(root, 10)
    clean(root, 1)
    before = snapshot(root)
    assert set(STEPS) < {path.name for path in (root / "other").iterdir()}
    assert clean(root, 1) == []
    assert snapshot(root) == before
    assert clean(tmp_path / "nowhere", 1) == []


def test_links_are_left_and_never_followed(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    elsewhere = copy_run(made, tmp_path / "elsewhere" / "run").path
    (root / "link").symlink_to(elsewhere)
    partly = copy_run(made, root / "partly").path
    shutil.rmtree(partly / "batches")
    (partly / "batches").symlink_to(elsewhere / "batches")
    (partly / "parts" / "link").symlink_to(elsewhere / "parts")
    (partly / "attempts" / "file").symlink_to(elsewhere / "run.json")
    (partly / ".aggregate-1").symlink_to(elsewhere)
    caches = tmp_path / "elsewhere" / "caches"
    (caches / "a").mkdir(parents=True)
    (caches / "a" / "index.json").touch()
    (root / "by_day").symlink_to(caches)
    age(tmp_path / "elsewhere", 10)
    before = snapshot(tmp_path / "elsewhere")
    assert names(clean(root, 1), partly) == ["parts", "attempts"]
    assert snapshot(tmp_path / "elsewhere") == before
    assert (partly / "batches").is_symlink()
    assert (partly / ".aggregate-1").is_symlink()
    assert (root / "link").is_symlink()


def test_an_aggregate_that_begins_meanwhile_says_so_and_loses_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is the first to go."""
    results = (root / "old" / "results.json").read_bytes()
    remove = housekeeping.remove

    def meanwhile(path: Path) -> None:
        if path.name == "batches":
            assert len(list(path.glob("*.parquet"))) == 1
            with pytest.raises(AnalysisError, match=r"the split of .* is not complete"):
                pipeline.aggregate(RunFolder(root / "old"))
        remove(path)

    monkeypatch.setattr(housekeeping, "remove", meanwhile)
    assert [one.error for one in clean(root, 1)] == [None] * 3
    assert (root / "old" / "results.json").read_bytes() == results


def test_a_run_that_begins_anew_before_the_first_removal_is_left(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder(root / "old")

    def begun_meanwhile(path: Path) -> int:
        run.remove_results()
        return size_of(path)

    monkeypatch.setattr(housekeeping, "size_of", begun_meanwhile)
    assert clean(root, 1) == []
    assert run.manifest_file.exists()
    assert run.parts.exists()


def test_an_interrupted_cleaning_is_finished(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path) -> Iterator[None]:
        next(path.glob("*.parquet")).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", interrupted)
        clean(root, 1)
    assert (root / "old" / "batches" / "input.json").exists()
    assert names(clean(root, 1), root / "old") == list(STEPS)
    assert not any((root / "old" / step).exists() for step in STEPS)


def test_what_cannot_be_removed_is_told_and_stops_nothing_else(
    root: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_run(made, root / "younger")
    (root / "by_day" / "a").mkdir(parents=True)
    (root / "by_day" / "a" / "index.json").write_text("{}")
    age(root / "by_day", 10)
    stuck, rmtree = root / "old" / "parts", shutil.rmtree
    size = size_of(root / "old" / "batches")

    def refused(path: Path) -> None:
        if path == stuck:
            raise PermissionError(13, "Permission denied", str(path))
        rmtree(path)

    monkeypatch.setattr(shutil, "rmtree", refused)
    removed = {str(one.path.relative_to(root)): one for one in clean(root, 1)}
    assert list(removed) == ["by_day/a", *(f"{run}/{step}" for run in ("old", "younger") for step in STEPS)]
    assert removed["old/parts"] == Removed(stuck, 0, f"[Errno 13] Permission denied: '{stuck}'")
    assert [name for name, one in removed.items() if one.error] == ["old/parts"]
    assert removed["old/batches"].bytes == removed["younger/batches"].bytes == size
    assert stuck.exists()
    assert not (root / "younger" / "parts").exists()


def test_when_the_manifest_cannot_go_the_batches_stay(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path.name == "manifest.json":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    [only] = clean(root, 1)
    assert (only.path, only.bytes) == (root / "old" / "batches", 0)
    assert "Permission denied" in (only.error or "")
    assert all((root / "old" / step).exists() for step in STEPS)


def test_a_folder_that_may_not_be_looked_into_is_told(root: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_run(made, root / "closed")
    is_file = Path.is_file

    def refused(path: Path) -> bool:
        if path.parent.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refused)
    first, *others = clean(root, 1)
    assert (first.path, first.bytes) == (root / "closed", 0)
    assert "Permission denied" in (first.error or "")
    assert names(others, root / "old") == list(STEPS)


def test_two_cleaners_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rmtree = shutil.rmtree

    def raced(path: Path) -> None:
        rmtree(path)
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(shutil, "rmtree", raced)
    assert [one.error for one in clean(root, 1)] == [None] * 3


def test_leftovers_go_by_their_own_age(root: Path, made: Path) -> None:
    young = copy_run(made, root / "young", days=0).path
    for run in (root / "old", young):
        for name, days in (("a", 10), ("b", 0)):
            (run / f".aggregate-{name}" / "keys").mkdir(parents=True)
            (run / f".aggregate-{name}" / "keys" / "0.bin").write_bytes(b"12345678")
            (run / "errors").mkdir(exist_ok=True)
            (run / "errors" / f".{name}.json.1-a.tmp").write_bytes(b"123")
            for path in (run / f".aggregate-{name}", run / "errors" / f".{name}.json.1-a.tmp"):
                age(path, days)
    removed = clean(root, 5)
    leftovers = [".aggregate-a", "errors/.a.json.1-a.tmp"]
    assert names(removed, root) == [
        *(f"old/{step}" for step in STEPS),
        *(f"old/{name}" for name in leftovers),
        *(f"young/{name}" for name in leftovers),
    ]
    assert [one.bytes for one in removed[-2:]] == [8, 3]
    assert sorted(path.name for path in young.rglob(".*")) == [".aggregate-b", ".b.json.1-a.tmp"]


def test_caches_go_when_nobody_uses_them(tmp_path: Path) -> None:
    caches = tmp_path / "by_day"
    for name, days in (
        ("used", 1),
        ("unused", 10),
        ("making", 10),
        (".x.host-1-abc.partial", 10),
        (".y.host-1-abc.partial", 1),
    ):
        (caches / name).mkdir(parents=True)
        (caches / name / "2025-01-01.parquet").write_bytes(b"12345")
        if name != "making":
            (caches / name / "index.json").write_text("{}")
        age(caches / name, days)
    age(caches / "used" / "2025-01-01.parquet", 100)
    (caches / ".unused.lock").touch()
    (caches / "index.json").touch()
    age(caches / "index.json", 100)
    assert clean(tmp_path, 5) == [Removed(caches / ".x.host-1-abc.partial", 7), Removed(caches / "unused", 7)]
    assert sorted(path.name for path in caches.iterdir()) == [
        ".unused.lock", ".y.host-1-abc.partial", "index.json", "making", "used",
    ]  # fmt: skip


def test_a_cache_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "by_day" / "a"
    cache.mkdir(parents=True)
    (cache / "index.json").touch()
    age(cache, 10)
    rmtree = shutil.rmtree

    def looked_at(path: Path) -> None:
        assert not cache.exists()
        assert path.name.startswith(".a.")
        assert path.name.endswith(".partial")
        if path.stat().st_mtime:
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", looked_at)
    [removed] = clean(tmp_path, 5)
    assert removed.path == cache
    assert removed.error
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    [leftover] = clean(tmp_path, 5)
    assert leftover.error is None
    assert list((tmp_path / "by_day").iterdir()) == []


def test_files_with_another_name_free_nothing(root: Path) -> None:
    [batch] = (root / "old" / "batches").glob("*.parquet")
    size = size_of(root / "old" / "batches")
    (root / "linked.parquet").hardlink_to(batch)
    assert size_of(root / "old" / "batches") == size - batch.stat().st_size
    assert size_of(root / "nothing") == 0


@pytest.mark.parametrize("keep", [-1, float("nan")])
def test_keep_days_is_checked(keep: float, root: Path) -> None:
    with pytest.raises(SettingError, match="keep_days must be a number from 0 on"):
        clean(root, keep)
