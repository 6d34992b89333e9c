"""From the parts on disk to the results."""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.analysis import VERSION
from include.analysis.analysis import Analysis, Reduction, Rows
from include.analysis.errors import AnalysisError
from include.analysis.figures import merge_figures
from include.analysis.files import complete_file, read_json, write_json
from include.analysis.memory import MemoryManager, release_unused, return_freed
from include.analysis.output import CommentsWriter, write_csv
from include.analysis.parts import PartStore, StoredPart, gaps
from include.analysis.privacy import mask_columns
from include.analysis.reading import SourceInfo
from include.analysis.registry import loaded_analysis
from include.analysis.run_folder import RunFolder
from include.analysis.settings import load_settings

RETRY_KEYS = ("analysis", "batch", "number", "slice_rows", "slice_reason", "rows_skipped", "outcome", "error")


class AnswerReader:
    """Reads the answers of an analysis in row order; rows without a part have null answers."""

    def __init__(self, parts: Sequence[StoredPart], schema: pa.Schema) -> None:
        self.parts = parts
        self.schema = schema
        self.starts = [part.start for part in parts]
        self.loaded: tuple[int, pa.Table] | None = None

    def rows(self, start: int, stop: int) -> pa.Table:
        """Answers of the rows `start` to `stop` (exclusive)."""
        pieces = []
        while start < stop:
            index = bisect_right(self.starts, start) - 1
            if index >= 0 and start < self.parts[index].stop:
                part = self.parts[index]
                until = min(stop, part.stop)
                pieces.append(self._table(index).slice(start - part.start, until - start))
            else:
                until = min(stop, self.starts[index + 1]) if index + 1 < len(self.starts) else stop
                pieces.append(pa.table({f.name: pa.nulls(until - start, f.type) for f in self.schema}))
            start = until
        return pa.concat_tables(pieces)

    def _table(self, index: int) -> pa.Table:
        if self.loaded is None or self.loaded[0] != index:
            self.loaded = None  # before the next is read
            self.loaded = (index, self.parts[index].answers(self.schema.names).cast(self.schema))
        return self.loaded[1]


@dataclass
class Answered:
    """One analysis with all its parts, and what they do not cover."""

    analysis: Analysis
    parts: list[StoredPart]
    unanswered: dict[int, list[tuple[int, int]]]  # by batch: row ranges without a part
    quarantine: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    reduction: Reduction

    @property
    def rows_missing(self) -> int:
        return len(self.quarantine) + sum(stop - start for ranges in self.unanswered.values() for start, stop in ranges)


class ResultsAggregator:
    """Merges what the analyses left on disk into `comments.parquet`, `comments.csv` and `results.json`.

    With `mask_personal_data` the comments in these files are masked, and so is what is made from them.
    """

    def __init__(self, run: RunFolder, mask_personal_data: bool = False) -> None:
        self.run = run
        self.mask_personal_data = mask_personal_data
        self.batches = run.batch_list()
        self.rows: int = run.manifest["rows"]
        self.began = time.perf_counter()

    def aggregate(self) -> dict[str, Any]:
        """Write the results, `results.json` last, and return its content.

        Raises AnalysisError when the split is not complete.
        """
        return_freed()
        self.run.remove_results()
        scratch = Path(tempfile.mkdtemp(prefix=".aggregate-", dir=self.run.path))
        try:
            settings = load_settings()
            analyses = [loaded_analysis(name, settings) for name in self.run.config.analyses]
            answered = [self.collect(analysis, scratch / analysis.name) for analysis in analyses]
            release_unused()
            examples = self.write_comments(answered)
            release_unused()
            self.write_quarantine(answered)
            results = self.results(answered, examples)
            self.refuse_lost_parts()
            write_json(self.run.results_file, results)
        except BaseException:
            self.run.remove_results()
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return results

    def refuse_lost_parts(self) -> None:
        """Raise AnalysisError when housekeeping has removed the batches meanwhile: then parts may be missing, too."""
        if not self.run.manifest_file.exists():
            raise AnalysisError(f"the batches of {self.run.path} were removed meanwhile; clear the run from its start")

    def collect(self, analysis: Analysis, scratch: Path) -> Answered:
        parts: list[StoredPart] = []
        unanswered = {}
        for batch in self.batches:
            found = PartStore(self.run.parts, analysis, batch).parts()
            missing = list(gaps([(part.start, part.stop) for part in found], batch.start, batch.stop))
            if missing:
                unanswered[batch.index] = missing
            parts.extend(found)
        metadata = [part.metadata() for part in parts]
        quarantine = [entry for found in metadata for entry in found["quarantine"]]
        metrics = [
            {**found["metrics"], "batch_start": part.batch_start} for part, found in zip(parts, metadata, strict=True)
        ]
        return Answered(analysis, parts, unanswered, quarantine, metrics, analysis.reduce(parts, scratch))

    def write_comments(self, answered: Sequence[Answered]) -> dict[int, str]:
        """Write every row with its answers; returns the texts that the report sections show, by row."""
        wanted = np.unique([row for one in answered for row in one.reduction.example_rows()])
        examples: dict[int, str] = {}
        text_column = self.run.input["text_column"]
        readers = [AnswerReader(one.parts, one.reduction.finish_schema) for one in answered]
        with CommentsWriter(
            self.run.path / "comments.parquet", self.run.path / "comments.csv", self.schema(answered)
        ) as writer:
            for start, table in self.input_tables():
                stop = start + table.num_rows
                answers = {
                    one.analysis.name: one.reduction.finish(start, reader.rows(start, stop))
                    for one, reader in zip(answered, readers, strict=True)
                }
                columns = [*table.columns, pa.array(np.arange(start, stop))]
                columns += [column for found in answers.values() for column in found.columns]
                writer.write(pa.table(columns, schema=self.schema(answered)))
                rows = Rows(start, table.column(text_column).combine_chunks(), table)
                for one in answered:
                    one.reduction.observe(rows, answers)
                for row in wanted[(wanted >= start) & (wanted < stop)].tolist():
                    examples[row] = table.column(text_column)[row - start].as_py()
        return examples

    def write_quarantine(self, answered: Sequence[Answered]) -> None:
        """Write the rows that an analysis failed on, when there are any."""
        starts = [batch.start for batch in self.batches]
        rows = [
            (bisect_right(starts, entry["row"]) - 1, entry["row"], one.analysis.name, entry["error"])
            for one in answered
            for entry in one.quarantine
        ]
        if not rows:
            return
        batches, numbers, analyses, errors = zip(*rows, strict=True)
        table = pa.table({"batch": batches, "row": numbers, "analysis": analyses, "error": errors})
        with complete_file(self.run.path / "quarantine.csv") as temporary:
            write_csv(temporary, table)

    def schema(self, answered: Sequence[Answered]) -> pa.Schema:
        fields = [pa.field(name, pa.string()) for name in self.run.input["columns"]]
        fields.append(pa.field("row", pa.int64()))
        for one in answered:
            fields.extend(one.analysis.schema)
        return pa.schema(fields)

    def input_tables(self) -> Iterator[tuple[int, pa.Table]]:
        """The input, a row group of a batch at a time, each with the number of its first row."""
        for batch in self.batches:
            start = batch.start
            with pq.ParquetFile(batch.path) as file:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, use_threads=False)
                    yield start, self.shown(table)
                    start += table.num_rows

    def shown(self, table: pa.Table) -> pa.Table:
        """Rows of the input as the annotated files show them."""
        if not self.mask_personal_data:
            return table
        return mask_columns(table, table.column_names, self.run.input["text_column"])

    def results(self, answered: Sequence[Answered], examples: dict[int, str]) -> dict[str, Any]:
        attempts = self.attempts()
        errors = self.errors(answered, attempts)
        elapsed = time.time() - self.run.record["started"]
        return {
            "status": self.status(answered),
            "input": {
                **{key: value for key, value in self.run.input.items() if key in SourceInfo.__dataclass_fields__},
                "content_digest": self.run.manifest["content_digest"],
            },
            "data_quality": {
                "blank_comments": self.run.manifest["blank_comments"],
                **self.run.manifest["quality"],
            },
            "summary": {
                "total_processed": self.rows,
                "total_batches": len(self.batches),
                "processing_time": round(elapsed, 3),
                "error_count": sum(map(len, errors.values())) + sum(len(one.quarantine) for one in answered),
            },
            **{one.analysis.name: one.reduction.section(examples) for one in answered},
            "performance": self.performance(answered, attempts, elapsed),
            "recovery": self.recovery(answered, attempts),
            "errors": errors,
            "versions": {
                "comment_analysis": VERSION,
                "analyses": {one.analysis.name: one.analysis.fingerprint() for one in answered},
            },
        }

    @staticmethod
    def status(answered: Sequence[Answered]) -> str:
        if not any(one.rows_missing for one in answered):
            return "success"
        return "partial_success" if any(one.reduction.partial for one in answered) else "failed"

    def attempts(self) -> list[dict[str, Any]]:
        return [read_json(path) for path in sorted(self.run.attempts.glob("*/*.json"))]

    def errors(self, answered: Sequence[Answered], attempts: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """By analysis and batch: the rows that lack an answer, and the last error."""
        last = {(one["analysis"], one["batch"]): one for one in attempts}
        found: dict[str, dict[str, Any]] = {}
        for one in answered:
            for index, ranges in one.unanswered.items():
                attempt = last.get((one.analysis.name, index))
                found.setdefault(one.analysis.name, {})[str(index)] = {
                    "rows": [[start, stop - 1] for start, stop in ranges],
                    "error": _why(attempt),
                    "tries": attempt["number"] if attempt else 0,
                }
        return found

    def recovery(self, answered: Sequence[Answered], attempts: Sequence[dict[str, Any]]) -> dict[str, Any]:
        tries = Counter((one["analysis"], one["batch"]) for one in attempts)
        retried = [key for key, count in tries.items() if count > 1]
        incomplete = {(one.analysis.name, index) for one in answered for index in one.unanswered}
        return {
            "retried_batches": len(retried),
            "recovered_batches": sum(key not in incomplete for key in retried),
            "final_failures": len(incomplete),
            "quarantined_rows": sum(len(one.quarantine) for one in answered),
            "rows_without_answer": {one.analysis.name: one.rows_missing for one in answered},
            "quarantine": {one.analysis.name: one.quarantine for one in answered if one.quarantine},
            "retries": [
                {key: one[key] for key in RETRY_KEYS} for one in attempts if (one["analysis"], one["batch"]) in retried
            ],
            "shrinks": [
                {"analysis": one["analysis"], "batch": one["batch"], "try": one["number"], **shrink}
                for one in attempts
                for shrink in one["shrinks"]
            ],
        }

    def performance(
        self, answered: Sequence[Answered], attempts: Sequence[dict[str, Any]], elapsed: float
    ) -> dict[str, Any]:
        """Figures of the run; a batch here is one analysis of one batch."""
        seconds: Counter[tuple[str, int]] = Counter()
        deltas: Counter[tuple[str, int]] = Counter()
        for one in answered:
            for metrics in one.metrics:
                key = (one.analysis.name, metrics["batch_start"])
                seconds[key] += metrics["seconds"]
                deltas[key] += metrics["memory_mb"]["delta"]
        all_batches = len(self.batches) * len(answered)
        failed = sum(len(one.unanswered) for one in answered)
        split = self.run.manifest["metrics"]
        peaks = {"split": split["peak_memory_mb"], "aggregate": MemoryManager.peak_mb()}
        for attempt in attempts:
            peaks[attempt["analysis"]] = max(attempt["peak_memory_mb"], peaks.get(attempt["analysis"], 0.0))
        return {
            "total_processing_time": round(elapsed, 3),
            "average_batch_time": _mean(list(seconds.values())),
            "items_per_second": round(self.rows / elapsed, 1) if elapsed else 0.0,
            "step_seconds": {
                "split": round(split["seconds"], 3),
                "aggregate": round(time.perf_counter() - self.began, 3),
                **{one.analysis.name: round(sum(metrics["seconds"] for metrics in one.metrics), 3) for one in answered},
            },
            "average_memory_delta_mb": _mean(list(deltas.values())),
            "max_memory_delta_mb": round(max(deltas.values(), default=0.0), 3),
            "peak_memory_mb": {name: round(peak, 1) for name, peak in peaks.items()},
            "tasks": merge_figures(one["figures"] for one in attempts if one["figures"]),
            "success_rate": round(100 * (all_batches - failed) / all_batches, 2) if all_batches else 0.0,
            "batch_size": self.run.input["plan"]["batch_size"],
            "batch_size_reason": self.run.input["plan"]["reason"],
            "python": platform.python_version(),
        }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 3) if values else 0.0


def _why(attempt: dict[str, Any] | None) -> str:
    if attempt is None:
        return "the task never started"
    return attempt["error"] or "the task ended without a word (killed, or out of memory)"
