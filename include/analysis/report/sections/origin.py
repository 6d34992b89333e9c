"""Sections of custom analyses, and where everything comes from: the data and the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.analysis.report.content import Content
from include.analysis.report.language import Language
from include.analysis.report.parts import Fact, Facts, Notes, Part, Section, Table
from include.analysis.report.sections.shown import generic

MENDED = ("ragged_rows", "unclosed_quotes", "repaired_characters", "removed_nul")
COUNTED = ("blank_comments", "blank_lines", *MENDED)


def custom(content: Content) -> list[Section]:
    """A section for each custom analysis."""
    t, found = content.t, []
    for name in content.custom:
        parts = generic(content, content.shown(content.run.section(name))) or [Notes([t("generic.empty")])]
        found.append(Section(f"custom-{name}", t("section.custom", name=content.analysis(name)), parts))
    return found


def quality(content: Content) -> Section:
    """What the input was, and what had to be mended in it."""
    t, found = content.t, content.run.section("data_quality")
    parts: list[Part] = [Facts(input_facts(content))]
    if not any(found.get(key) for key in MENDED):
        parts.append(Notes([t("quality.good")]))
    return Section("quality", t("section.quality"), parts, half=True)


def input_facts(content: Content) -> list[Fact]:
    """What is known of the input."""
    t, told, found = content.t, content.run.section("input"), content.run.section("data_quality")
    facts = [
        Fact(t("quality.name"), str(told.get("name", ""))),
        Fact(t("quality.format"), " + ".join(filter(None, [str(told.get("format", "")), told.get("compression")]))),
        Fact(t("quality.size"), t.size(told["bytes"]) if told.get("bytes") else ""),
        *(
            Fact(t(f"quality.{key}"), _detected(t, told, key))
            for key in ("encoding", "delimiter", "sheet", "text_column")
        ),
        _count(t, "quality.rows", content.figures.rows),
        *(_count(t, f"quality.{key}", found[key]) for key in COUNTED if found.get(key)),
    ]
    if quarantined := content.run.section("recovery").get("quarantined_rows"):
        facts.append(_count(t, "quality.quarantined", quarantined))
    renamed = [t("quality.renamed_one", old=old, new=new) for old, new in told.get("renamed_columns", {}).items()]
    facts.append(Fact(t("quality.renamed"), "; ".join(renamed)))
    return [fact for fact in facts if fact.text]


def _detected(t: Language, told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    if not value:
        return ""
    shown = t.get(f"delimiter.{value}", str(value)) if key == "delimiter" else str(value)
    return f"{shown} ({t('quality.detected')})" if key in told.get("detected", []) else shown


def _count(t: Language, key: str, number: float) -> Fact:
    return Fact(t(key), t.number(number), number)


def course(content: Content) -> Section:
    """How the run went."""
    return Section("run", content.t("section.run"), [Facts(run_facts(content)), *_steps(content)], half=True)


def run_facts(content: Content) -> list[Fact]:
    """How the run went, in a few figures."""
    t = content.t
    summary, speed, recovery = (content.run.section(name) for name in ("summary", "performance", "recovery"))
    size = t.number(speed.get("batch_size", 0))
    version = content.run.section("versions").get("comment_analysis", "")
    return [
        Fact(t("run.status"), t(f"status.{content.run.status}")),
        Fact(t("run.time"), t.duration(summary.get("processing_time", 0))),
        Fact(t("run.speed"), t("run.speed_value", n=t.number(speed.get("items_per_second", 0)))),
        Fact(t("run.batches"), t.count("run.batches_value", int(summary.get("total_batches", 0)), size=size)),
        Fact(t("run.success_rate"), t.percent(speed.get("success_rate", 0) / 100)),
        _count(t, "run.retried", recovery.get("retried_batches", 0)),
        _count(t, "run.recovered", recovery.get("recovered_batches", 0)),
        _count(t, "run.failures", recovery.get("final_failures", 0)),
        Fact(t("run.version"), f"{version} (Python {speed.get('python', '')})"),
    ]


def _steps(content: Content) -> list[Part]:
    t, speed = content.t, content.run.section("performance")
    rows = [
        [
            content.step(name),
            t.duration(seconds) if seconds is not None else t("unit.none"),
            t("run.memory_value", n=t.number(memory)) if memory is not None else t("unit.none"),
        ]
        for name, seconds, memory in step_figures(content)
    ]
    return [Table([t("run.step"), t("run.step_seconds"), t("run.step_memory")], rows)] if speed and rows else []


def step_figures(content: Content) -> list[tuple[str, float | None, float | None]]:
    """Seconds and peak memory (MiB) of each step."""
    speed = content.run.section("performance")
    seconds, memory = speed.get("step_seconds", {}), speed.get("peak_memory_mb", {})
    order = ["split", *content.run.analyses, "aggregate"]
    return [(name, seconds.get(name), memory.get(name)) for name in order if name in seconds or name in memory]
