"""What the table says of a value and its target, and which rows a command measures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.bench.__main__ import chosen, parse, save, session_of
from tests.bench.analysers import profiles
from tests.bench.memory import peaks_of
from tests.bench.session import Measured, Run
from tests.bench.table import Figure, Row, Target, ratio, table
from tests.bench.tasks import EMPTY, costs_of


def row(value: float, target: Target | None, unit: str = "x") -> Row:
    return Row("group", "engine / reader", Figure(value, unit), target, (Figure(2, "s"),), (Figure(1, "s", "reader"),))


@pytest.mark.parametrize(
    ("value", "target", "verdict"),
    [
        (1.25, Target(1.25), "ok"),
        (1.26, Target(1.25), "MISSED"),
        (40_000, Target(40_000, at_least=True), "ok"),
        (39_999, Target(40_000, at_least=True), "MISSED"),
        (9, None, ""),
    ],
)
def test_a_row_says_whether_its_target_is_met(value: float, target: Target | None, verdict: str) -> None:
    assert row(value, target).cells()[0] == verdict
    assert row(value, target).to_dict()["met"] == {"ok": True, "MISSED": False, "": None}[verdict]


def test_the_table_shows_target_value_and_reference_side_by_side() -> None:
    shown = table([row(2, Target(1.5)), row(61.25, Target(60, at_least=True), "%")]).splitlines()
    assert re.split("  +", shown[1]) == ["MISSED", "engine / reader", "2.00 x", "<= 1.50 x", "2.00 s", "reader 1.00 s"]
    assert "61.2 %" in shown[2] and ">= 60.0 %" in shown[2]
    assert len({line.find("engine") for line in shown[1:]}) == 1


def test_a_ratio_is_that_of_what_was_measured_in_the_same_turn() -> None:
    assert ratio([10, 40, 12], [5, 20, 4]) == 2  # the second turn was slow for both
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_the_peak_of_a_step_is_the_highest_of_all_runs() -> None:
    def run(split: float, report: float) -> Run:
        return Run(1, 1, {"performance": {"peak_memory_mb": {"split": split}}}, {"peak_memory_mb": report})

    assert peaks_of([run(200, 90), run(180, 110)]) == {"split": 200, "report": 110}


def test_a_tasks_fixed_cost_is_what_an_empty_one_does_not_take() -> None:
    analysed = {name: [0.5, 0.9, 0.7] for name in ("duplicates", "emotions", "themes", "near_duplicates")}
    assert costs_of({**analysed, EMPTY: [0.2, 5.0, 0.1]})["themes"] == pytest.approx(0.5)


def test_the_stages_of_a_profile_are_the_whole(tmp_path: Path) -> None:
    arguments = parse(["--rows", "3000", "--runs", "1", "--only", "profile"])
    rows = profiles(session_of(arguments, arguments.only, tmp_path))
    for name, stages in (("emotions", 6), ("themes", 3)):
        shares = [row.value.value for row in rows if row.what.startswith(f"{name}: ")]
        assert (len(shares), round(sum(shares))) == (stages, 100)
        assert min(shares) > 1


def test_what_was_measured_has_a_median() -> None:
    assert Measured([3, 1, 2]).median == 2


def test_usually_all_is_measured_but_what_takes_many_minutes() -> None:
    names = chosen(parse([]))
    assert "dag" in names
    assert not {"large", "guard"} & set(names)
    assert chosen(parse(["--quick"])) == [name for name in names if name != "task"]
    assert chosen(parse(["--only", "xlsx", "parse", "--large", "--store"])) == ["parse", "xlsx", "large", "guard"]


def test_only_what_the_rows_need_is_run(tmp_path: Path) -> None:
    session = session_of(parse(["--quick", "--only", "near"]), ["near"], tmp_path)
    assert set(session.subjects) == {"basic", "all"}


def test_what_was_measured_is_saved_with_versions_and_machine(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    save([row(2, Target(1.5))], parse(["--json", str(file)]))
    saved = json.loads(file.read_text(encoding="utf-8"))
    assert {"python", "pyarrow", "numpy", "apache-airflow", "comment_analysis"} <= set(saved["versions"])
    assert {"cores", "model", "memory_mb"} <= set(saved["machine"])
    [entry] = saved["table"]
    assert (entry["value"], entry["target"]["value"], entry["met"]) == ({"value": 2, "unit": "x", "of": ""}, 1.5, False)
