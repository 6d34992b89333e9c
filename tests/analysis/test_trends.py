"""What the history tells depends on the history alone, and is what counting by hand gives."""

from __future__ import annotations

import csv
import datetime
import json
import os
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis import files, repeats, trends
from include.analysis.day_record import DayRecord
from include.analysis.duplicates import coded_forms, keys_of
from include.analysis.errors import AnalysisError
from include.analysis.history import History
from include.analysis.repeats import Repeats, signatures
from include.analysis.significance import Rules
from include.analysis.text import normal_form
from include.analysis.trends import LOCK, Summary, update
from tests.analysis.made_runs import bare_run, made_run

FIRST = datetime.date(2025, 1, 1)
PHRASES = ["Muy caro", "muy CARO!", "", "👍", "no anda", "No anda.", "todo bien", "lento", "se corta"]


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_flush", lambda path: None)
        yield


def day(number: int) -> datetime.date:
    return FIRST + datetime.timedelta(number)


def record(history: History, number: int, texts: Sequence[str], **tallies: tuple[int, Mapping[str, int]]) -> DayRecord:
    """Put a day in the history; `tallies` as in `bare_run`."""
    folder = history.root.with_name(f"run-{random.getrandbits(64):x}")
    return history.record(day(number), bare_run(folder, texts, tallies), f"run of {number}")


def files_in(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != LOCK
    }


def fresh(history: History, folder: Path, **options: Any) -> dict[str, bytes]:
    """The files of the history, made at once."""
    update(history, folder, **options)
    return files_in(folder)


def document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "trends.json").read_text(encoding="utf-8"))
    return found


# Repeats


Row = tuple[int, datetime.date, int, int, int]


def truth(days: Mapping[int, Sequence[str]], number: int, window: int) -> list[Row]:
    """The repeats of a day, by comparing every comment with every earlier one."""
    found = []
    for row, text in enumerate(days[number], 1):
        said = [
            (earlier, earlier_row)
            for earlier in range(number - window, number)
            for earlier_row, other in enumerate(days.get(earlier, ()), 1)
            if normal_form(text) and normal_form(other) == normal_form(text)
        ]
        if said:
            last, last_row = max(said)
            found.append((row, day(last), last_row, len(said), number - last))
    return found


def repeats_on_disk(out: Path, number: int) -> list[Row]:
    return rows_of(pq.read_table(out / "repeats" / f"day={day(number)}.parquet", partitioning=None))


def rows_of(table: pa.Table) -> list[Row]:
    assert table.column_names == ["row", "earlier_day", "earlier_row", "times", "days_ago"]
    return [tuple(row.values()) for row in table.to_pylist()]


class InMemory(History):
    """A history of which the keys alone are known."""

    texts: ClassVar[dict[int, list[str]]]

    def records(self) -> list[DayRecord]:
        return [
            DayRecord(day(number), "", "", "", len(texts), 0, {}, {}, (), None, {}, "", "")
            for number, texts in sorted(self.texts.items())
        ]

    def keys(self, record: DayRecord) -> Iterator[pa.Table]:
        texts = self.texts[(record.day - FIRST).days]
        rows = pa.array(range(1, len(texts) + 1), pa.int64())
        whole = pa.table({"row": rows, "key": keys_of(coded_forms(pa.array(texts, pa.string())))})
        yield whole.slice(0, 3)
        yield whole.slice(3)


@settings(max_examples=80)
@given(
    texts=st.dictionaries(st.integers(0, 12), st.lists(st.sampled_from(PHRASES), max_size=9), max_size=8),
    wanted=st.sets(st.integers(0, 12), min_size=1),
    window=st.integers(1, 6),
    shard=st.sampled_from([4, 1000]),
    few=st.sampled_from([0, 2, 10**9]),
)
def test_repeats_are_what_comparing_all_with_all_gives(
    texts: dict[int, list[str]],
    wanted: set[int],
    window: int,
    shard: int,
    few: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    history = InMemory(Path())
    history.__class__.texts = texts
    days = [day(number) for number in sorted(wanted & set(texts))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "KEYS_PER_SHARD", shard)
        patch.setattr(repeats, "FEW", few)
        scratch = tmp_path_factory.mktemp("scratch")
        found = dict(repeats.find_repeats(history, history.records(), days, window, scratch))
    assert list(found) == days
    for when, table in found.items():
        assert rows_of(table) == truth(texts, (when - FIRST).days, window)
    assert not [path for path in scratch.rglob("*") if path.is_file()]


def test_what_a_repeat_says_and_how_far_the_window_reaches(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    record(history, 0, ["caro", "caro"])
    record(history, 1, ["lento", "Lento!"])
    record(history, 90, ["todo bien", "CARO", "lento"])
    record(history, 91, ["caro", "", "lento", "nuevo", "nuevo"])
    update(history, tmp_path / "out")
    assert repeats_on_disk(tmp_path / "out", 90) == [(2, day(0), 2, 2, 90), (3, day(1), 2, 2, 89)]
    assert repeats_on_disk(tmp_path / "out", 91) == [(1, day(90), 2, 1, 1), (3, day(90), 3, 3, 1)]


def test_keys_that_share_a_half_are_not_the_same() -> None:
    rows = [(1, 7, 7), (2, 7, 8), (3, 8, 7), (4, 7, 7)]
    placed = [((number << repeats.ROW_BITS) + 1, high, low) for number, high, low in rows]
    found = repeats.repeats_in(repeats.np.array(placed), repeats.np.array([2, 3, 4]), 90)
    assert found.tolist() == [[4, 1, 1, 1, 1]]


# Updates


def computed(summary: Summary) -> list[int]:
    return [(one - FIRST).days for one in summary.computed]


def test_only_days_that_a_change_concerns_are_computed(tmp_path: Path) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    for number in (100, 190, 191, 300):
        record(history, number, ["caro"])
    assert computed(update(history, out)) == [100, 190, 191, 300]
    assert computed(update(history, out)) == []
    record(history, 301, ["caro"])
    assert computed(update(history, out)) == [301]
    record(history, 101, ["lento"])
    assert computed(update(history, out)) == [101, 190, 191]
    record(history, 100, ["lento"])
    assert computed(update(history, out)) == [100, 101, 190]
    record(history, 100, ["Lento!"])  # the same keys
    assert computed(update(history, out)) == []
    history.remove(day(101))
    summary = update(history, out)
    assert computed(summary) == [190, 191]
    assert summary.removed == (f"day={day(101)}.parquet",)
    assert summary.days == 5
    assert computed(update(history, out, window=89)) == [100, 190, 191, 300, 301]
    assert files_in(out) == fresh(history, tmp_path / "fresh", window=89)


def test_signatures_change_with_the_keys_of_the_window_alone(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    for number in (0, 5, 9):
        record(history, number, ["caro"])
    records = history.days()
    whole = signatures(records, 5)
    assert signatures(records[1:], 5) == {day(5): signatures(records[1:], 5)[day(5)], day(9): whole[day(9)]}
    assert len(set(whole.values())) == 3
    assert set(whole.values()).isdisjoint(signatures(records, 6).values())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Runs of the engine over different comments, one with all analyses."""
    folder = tmp_path_factory.mktemp("runs")
    pick = random.Random(7)
    texts = [[pick.choice(PHRASES) for _ in range(20 + 5 * number)] for number in range(4)]
    return [made_run(folder / str(i), one, None if i < 1 else ["duplicates"]) for i, one in enumerate(texts)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["record", "record", "record", "remove", "update"]), st.integers(0, 11), st.integers(0, 3)
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15)
@given(steps=STEPS, random=st.randoms(use_true_random=False))
def test_the_files_depend_on_the_history_alone(
    steps: list[tuple[str, int, int]], random: Any, runs: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("order")
    history, expected = History(folder / "history"), {}
    for index, (step, number, run) in enumerate(steps):
        if step == "record":
            history.record(day(number * 11), runs[run], f"run {index}")
            expected[number] = run
        elif step == "remove":
            history.remove(day(number * 11))
            expected.pop(number, None)
        else:
            update(history, folder / "out")
    update(history, folder / "out")
    other, in_another_order = History(folder / "other"), list(expected.items())
    random.shuffle(in_another_order)
    for number, run in in_another_order:
        other.record(day(number * 11), runs[run], "another")
    assert files_in(folder / "out") == fresh(other, folder / "other out")


def test_files_that_cannot_be_used_are_made_again(tmp_path: Path) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    for number in range(4):
        record(history, number, ["caro"])
    update(history, out)
    before = files_in(out)
    folder = out / "repeats"
    (folder / f"day={day(0)}.parquet").write_text("half")
    pq.write_table(pa.table({"row": [1]}), folder / f"day={day(1)}.parquet")
    (folder / f"day={day(2)}.parquet").unlink()
    (folder / f"day={day(9)}.parquet").write_text("left")
    (out / "trends.json").unlink()
    assert computed(update(history, out)) == [0, 1, 2]
    assert files_in(out) == before


def test_a_killed_update_leaves_whole_files_and_the_next_one_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    record(history, 0, ["caro"])
    update(history, out)
    before = files_in(out)
    for number in (1, 2):
        record(history, number, ["caro"])
    write = Repeats.write

    def killed(self: Repeats, when: datetime.date, *rest: Any) -> None:
        if when == day(2):
            raise KeyboardInterrupt
        write(self, when, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Repeats, "write", killed)
        update(history, out)
    assert {name: files_in(out)[name] for name in before} == before
    scratch = out / "repeats" / f"{repeats.SCRATCH}dead"
    scratch.mkdir()
    os.utime(scratch, (0, 0))
    assert computed(update(history, out)) == [2]
    assert files_in(out) == fresh(history, tmp_path / "fresh")
    assert not scratch.exists()


def test_a_day_that_is_replaced_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    for number in range(3):
        record(history, number, ["caro"])
    keys, changes = History.keys, [lambda: history.remove(day(1)), lambda: record(history, 0, ["caro", "caro"])]

    def meanwhile(self: History, one: DayRecord) -> Iterator[pa.Table]:
        if changes:
            changes.pop()()
        return keys(self, one)

    monkeypatch.setattr(History, "keys", meanwhile)
    assert update(history, out).days == 2
    assert not changes
    assert repeats_on_disk(out, 2) == [(1, day(0), 2, 2, 2)]
    assert files_in(out) == fresh(history, tmp_path / "fresh")


def test_many_that_record_and_update_at_once_end_with_what_is_right(tmp_path: Path) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    errors: list[BaseException] = []

    def work(numbers: Sequence[int]) -> None:
        try:
            for number in numbers:
                record(history, number, [PHRASES[number % 9], "caro", *PHRASES[: number % 5]])
                update(history, out, window=6)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(numbers,)) for numbers in ([9, 3, 0, 5], [8, 5, 1, 3], [7, 2, 6, 4])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert files_in(out) == fresh(history, tmp_path / "fresh", window=6)
    assert sorted(path.name for path in out.iterdir()) == [LOCK, "repeats", "trends.csv", "trends.json"]


def test_an_update_waits_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update that is slow, and so has seen an older history, does not overwrite what a later one has written."""
    history, out = History(tmp_path / "history"), tmp_path / "out"
    record(history, 0, ["caro"])
    held, go = threading.Event(), threading.Event()
    write_files = trends.write_files

    def slow(*arguments: Any) -> None:
        if threading.current_thread() is first:
            held.set()
            go.wait(20)
        write_files(*arguments)

    monkeypatch.setattr(trends, "write_files", slow)
    first, second = (threading.Thread(target=update, args=(history, out)) for _ in range(2))
    first.start()
    assert held.wait(20)
    record(history, 1, ["caro"])
    second.start()
    second.join(0.2)
    go.set()
    first.join()
    second.join()
    assert document(out)["span"]["last"] == str(day(1))


def test_a_broken_history_is_an_error_and_leaves_what_was_there(tmp_path: Path) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    record(history, 0, ["caro"])
    update(history, out)
    before = files_in(out)
    history.path_of(day(0)).write_text("half")
    with pytest.raises(AnalysisError, match="is not a day of the history"):
        update(history, out)
    assert files_in(out) == before


# What is told


def test_figures_by_day_week_and_month(tmp_path: Path) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    # 30 January 2025 is a Thursday; Friday 31 and Sunday 2 February are missing.
    record(history, 29, ["caro", "", "x"], duplicates=(3, {"duplicates": 1}), themes=(2, {"price": 2}))
    record(history, 31, ["caro"], emotions=(1, {"joy": 1, "neutral": 0}), themes=(1, {"speed": 1}))
    record(history, 33, ["Caro!", "y"], duplicates=(2, {"duplicates": 0}))
    update(history, out)
    found = document(out)
    assert found["span"] == {
        "first": "2025-01-30",
        "last": "2025-02-03",
        "days": 3,
        "gaps": [["2025-01-31", "2025-01-31"], ["2025-02-02", "2025-02-02"]],
    }
    assert found["day"] == [
        {
            "start": "2025-01-30", "comments": 3, "with_text": 2, "repeats": {"of": 3, "count": 0, "share": 0.0},
            "duplicates": {"of": 3, "count": 1, "share": 0.333333},
            "themes": {"of": 2, "counts": {"price": 2, "speed": 0}, "shares": {"price": 1.0, "speed": 0.0}},
        },
        {
            "start": "2025-02-01", "comments": 1, "with_text": 1, "repeats": {"of": 1, "count": 1, "share": 1.0},
            "emotions": {"of": 1, "counts": {"joy": 1, "neutral": 0}, "shares": {"joy": 1.0, "neutral": 0.0}},
            "themes": {"of": 1, "counts": {"price": 0, "speed": 1}, "shares": {"price": 0.0, "speed": 1.0}},
        },
        {
            "start": "2025-02-03", "comments": 2, "with_text": 2, "repeats": {"of": 2, "count": 1, "share": 0.5},
            "duplicates": {"of": 2, "count": 0, "share": 0.0},
        },
    ]  # fmt: skip
    week, last_week = found["week"]
    assert {key: week[key] for key in ("start", "end", "days", "missing", "comments", "with_text")} == {
        "start": "2025-01-27", "end": "2025-02-02", "days": 2, "missing": ["2025-01-31", "2025-02-02"],
        "comments": 4, "with_text": 3,
    }  # fmt: skip
    assert week["themes"] == {
        "of": 3, "counts": {"price": 2, "speed": 1}, "shares": {"price": 0.666667, "speed": 0.333333},
    }  # fmt: skip
    assert week["duplicates"] == {"of": 3, "count": 1, "share": 0.333333}
    assert (last_week["start"], last_week["missing"], last_week["comments"]) == ("2025-02-03", [], 2)
    assert [(one["start"], one["end"], one["days"], one["comments"]) for one in found["month"]] == [
        ("2025-01-01", "2025-01-31", 1, 3),
        ("2025-02-01", "2025-02-28", 2, 3),
    ]
    assert found["month"][1]["repeats"] == {"of": 3, "count": 2, "share": 0.666667}
    assert found["parameters"]["window_days"] == 90
    assert [one["from"] for one in found["analyses"]] == ["2025-01-30", "2025-02-01", "2025-02-03"]
    assert found["changes"] == []


def test_the_csv_says_the_same(tmp_path: Path, runs: list[Any]) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    for number, run in enumerate(runs[:3]):
        history.record(day(20 * number), run, "id")
    update(history, out)
    raw = (out / "trends.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert list(rows[0]) == ["period", "start", "kind", "measure", "count", "comments", "share"]
    told = {tuple(row.values())[:4]: (int(row["count"]), int(row["comments"]), float(row["share"])) for row in rows}
    found, expected = document(out), {}
    for period in ("day", "week", "month"):
        for entry in found[period]:
            of = entry["comments"]
            share = round(entry["with_text"] / of, 6)
            expected[period, entry["start"], "comments", "with_text"] = entry["with_text"], of, share
            for kind in ("duplicates", "repeats", "emotions", "themes"):
                one = entry.get(kind, {"of": 0})
                counts, shares = (
                    one.get("counts", {kind: one.get("count")}),
                    one.get("shares", {kind: one.get("share")}),
                )
                for name in counts if one["of"] else ():
                    expected[period, entry["start"], kind, name] = counts[name], one["of"], shares[name]
    assert told == expected
    assert len(told) == len(rows)


def test_an_empty_history(tmp_path: Path) -> None:
    summary = update(History(tmp_path / "history"), tmp_path / "out")
    assert summary == Summary(0, (), (), ())
    found = document(tmp_path / "out")
    assert found["span"] == {"first": None, "last": None, "days": 0, "gaps": []}
    assert found["day"] == found["week"] == found["month"] == found["changes"] == []


def test_what_rises_is_told(tmp_path: Path) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    for number in range(30):
        price = 280 if number == 29 else 150 + number % 7
        record(history, number, ["x"] * 5, themes=(1000, {"price": price, "speed": 100}))
    summary = update(history, out)
    [change] = document(out)["changes"]
    assert change | {
        "period": "day", "start": "2025-01-30", "kind": "themes", "measure": "price", "direction": "rose",
        "count": 280, "of": 1000, "share": 0.28,
    } == change  # fmt: skip
    assert [one.to_dict() for one in summary.changes] == [change]
    update(history, out, rules=Rules(minimal_change=0.2))
    assert document(out)["changes"] == []
    assert document(out)["parameters"]["minimal_change"] == 0.2


def test_analyses_of_another_version_are_told_and_not_compared(tmp_path: Path) -> None:
    history, out = History(tmp_path / "history"), tmp_path / "out"
    for number in range(30):
        run = bare_run(
            tmp_path / f"run-{number}", ["x"] * 5, {"themes": (1000, {"price": 280 if number > 20 else 150})}
        )
        results = json.loads(run.results_file.read_text())
        results["versions"]["analyses"]["themes"] = "themes-2" if number > 20 else "themes-1"
        run.results_file.write_text(json.dumps(results))
        history.record(day(number), run, "id")
    update(history, out)
    found = document(out)
    assert found["changes"] == []
    assert [(one["from"], one["fingerprints"]) for one in found["analyses"]] == [
        ("2025-01-01", {"themes": "themes-1"}),
        ("2025-01-22", {"themes": "themes-2"}),
    ]
