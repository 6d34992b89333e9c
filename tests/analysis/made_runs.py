"""Finished runs, made quickly in this process, for tests of what is done with them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis import pipeline
from include.analysis.configuration import validate
from include.analysis.files import write_json
from include.analysis.run_folder import RunFolder

COLUMN = "Comentario Final"


def write_comments(path: Path, texts: Sequence[str]) -> Path:
    """An export with these comments."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["ID Cliente", COLUMN])
        writer.writerows([f"{row:05d}", text] for row, text in enumerate(texts))
    return path


def made_run(folder: Path, texts: Sequence[str], analyses: Sequence[str] | None = None) -> RunFolder:
    """A run of the engine over these comments, with all its files; the export lies beside its folder."""
    export = write_comments(folder.with_name(f"{folder.name}.csv"), texts)
    config = validate({"input_path": str(export), "analyses": analyses, "batch_size": 500})
    run = RunFolder(folder)
    pipeline.begin(run, config)
    for batch in list(pipeline.split(run)):
        for name in config.analyses:
            pipeline.analyse(str(folder), batch.index, name)
    pipeline.aggregate(run)
    return RunFolder(folder)


def bare_run(
    folder: Path, texts: Sequence[str], tallies: Mapping[str, tuple[int, Mapping[str, int]]] | None = None
) -> RunFolder:
    """A run folder with results alone, made without the engine: `tallies` says what the analyses have counted.

    For each analysis: of how many comments, and the counts; `duplicates` has {"duplicates": n}.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = {COLUMN: pa.array(texts, pa.string()), "row": pa.array(range(1, len(texts) + 1), pa.int64())}
    pq.write_table(pa.table(columns), folder / "comments.parquet", row_group_size=7)
    tallies = tallies or {}
    results: dict[str, Any] = {
        "status": "success",
        "input": {"name": "x.csv", "bytes": 1, "content_digest": "0", "text_column": COLUMN},
        "data_quality": {"blank_comments": sum(not text.strip() for text in texts)},
        "summary": {"total_processed": len(texts)},
        "recovery": {"rows_without_answer": dict.fromkeys(tallies, 0)},
        "versions": {"analyses": {name: f"{name}-1" for name in tallies}},
    }
    for name, (of, counts) in tallies.items():
        results[name] = _section(name, of, counts)
    write_json(folder / "results.json", results)
    return RunFolder(folder)


def _section(name: str, of: int, counts: Mapping[str, int]) -> dict[str, Any]:
    if name == "duplicates":
        repeats = counts["duplicates"]
        return {"total_duplicates": repeats, "total_unique": of - repeats, "without_text": 0}
    if name == "emotions":
        return {"dominant_emotion_counts": dict(counts), "total_analyzed_comments": of}
    themes = [{"theme": theme, "mentions": count} for theme, count in counts.items()]
    return {"top_themes": themes, "analysed_comments": of}
