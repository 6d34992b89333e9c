"""Finished runs with a report, made in this process: everyday ones, tiny ones, broken ones and hostile ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from include.analysis import pipeline
from include.analysis.configuration import validate
from include.analysis.files import read_json, write_json
from include.analysis.report import ReportOptions, build
from include.analysis.run_folder import RunFolder
from tests.conftest import PROJECT

SAMPLE = PROJECT / "sample" / "comments.csv"
HEAD = ["Fecha", "Nota", "NPS", "ID Cliente", "Comentario Final"]
SCRIPT = '<script>window.pwned=1</script><img src=x onerror="window.pwned=1"><svg onload="window.pwned=1">'
HOSTILE_HEAD = ["=HYPERLINK(\"http://a.test\")", f"Nota {SCRIPT}\x07\u202e", "Fecha", "Comentario Final"]  # fmt: skip
HOSTILE_NAME = "<img src=x onerror=alert(1)>'\"&.csv"
HOSTILE_TEXTS = [
    *("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "=1\n+2"),
    *("_x0041_", "a\x07b\x1b", "a\ufffeb\uffff", "]]>&amp;&lt;<!--", "{{ 7 * 7 }} {% raw %} {0} %s"),
    *("http://evil.test/x.png", "javascript:alert(1)", "x" * 40_000, "\u202eoirártnoc", SCRIPT, SCRIPT),
    *("el internet es lento", "la factura vino mal"),
    "</title></style></svg></script><style>body{display:none}</style>",
]


def write(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def analysed(folder: Path, export: Path, analyses: Sequence[str] | None = None, batch_size: int = 1000) -> RunFolder:
    """A run of the engine over an export; an analysis that fails leaves its rows without an answer."""
    run = RunFolder(folder)
    config = validate({"input_path": str(export), "analyses": analyses, "batch_size": batch_size})
    pipeline.begin(run, config)
    for batch in pipeline.split_all(str(folder)):
        for name in config.analyses:
            try:
                pipeline.analyse(str(folder), batch.index, name)
            except OSError:
                continue
    pipeline.aggregate(run)
    return run


def reported(folder: Path, export: Path, analyses: Sequence[str] | None = None, **options: Any) -> Path:
    """The folder of a run with its report."""
    analysed(folder, export, analyses)
    build(folder, ReportOptions(**options))
    return folder


def hostile(folder: Path) -> Path:
    """A run over everything that an export, a taxonomy or a custom analysis could do to its reader."""
    rows = [["=1+1", str(i % 11), f"{i % 28 + 1:02d}/01/2024", text] for i, text in enumerate(HOSTILE_TEXTS)]
    run = analysed(folder, write(folder.with_name(HOSTILE_NAME), HOSTILE_HEAD, rows))
    results = read_json(run.results_file)
    for theme in results["themes"]["top_themes"]:
        theme.update(name=f"=1+{SCRIPT}", phrases=[{"phrase": SCRIPT, "comments": 3}])
    results["evil"] = {
        SCRIPT: {SCRIPT: SCRIPT},
        "=1+1": [SCRIPT, "=1+1"],
        "rows": [{SCRIPT: "=2", "n": 1}],
        "x": SCRIPT,
    }
    results["versions"]["analyses"]["evil"] = SCRIPT
    results["errors"] = {"evil": {"0": {"rows": [[1, 2]], "error": SCRIPT, "tries": 1}}}
    results["status"] = "partial_success"
    write_json(run.results_file, results)
    build(folder)
    return folder


def sample_rows() -> list[list[str]]:
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]
