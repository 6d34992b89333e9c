"""`python -m tests.bench.probes NAME ...`: what is measured in a process of its own; prints what it found as JSON.

Work is measured without the imports that it needs. `processor` is processor time, that of child processes included,
which a busy machine disturbs less than the clock on the wall.
"""

from __future__ import annotations

import json
import resource
import runpy
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.session import BASIC

HEAVY = ("numpy", "pandas", "pyarrow", "sklearn")
REPEATS = 3


def clocked(work: Callable[[], object]) -> dict[str, float]:
    began, used = time.perf_counter(), processor()
    work()
    return {"seconds": time.perf_counter() - began, "processor": processor() - used}


def processor() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def alternating(*works: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """The median processor time of each, measured in turn."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for taken, work in zip(times, works, strict=True):
            taken.append(clocked(work)["processor"])
    return list(map(statistics.median, times))


def read_pandas(export: str) -> dict[str, Any]:
    import pandas as pd

    return clocked(lambda: pd.read_csv(export))


def read_polars(export: str) -> dict[str, Any]:
    import polars as pl

    return clocked(lambda: pl.read_csv(export))


def read_calamine(workbook: str) -> dict[str, Any]:
    return clocked(calamine_reader(workbook))


def calamine_reader(workbook: str) -> Callable[[], object]:
    from python_calamine import CalamineWorkbook

    def read() -> None:
        for _ in CalamineWorkbook.from_path(workbook).get_sheet_by_index(0).iter_rows():
            pass

    return read


def split(export: str) -> dict[str, Any]:
    """Reading an input and cutting it into the batches that are planned for two workers."""
    return clocked(splitter(export))


def splitter(export: str) -> Callable[[], object]:
    import pyarrow as pa

    from include.analysis import pipeline
    from include.analysis.configuration import validate
    from include.analysis.run_folder import RunFolder

    pa.scalar(None)  # pyarrow imports pandas
    config = validate({"input_path": export, "analyses": ["duplicates"], "workers": 2})
    pipeline.fingerprints(config)  # imports the analysis

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="split-", dir=Path(export).parent) as folder:
            run = RunFolder(Path(folder) / "run")
            pipeline.begin(run, config)
            list(pipeline.split(run))

    return work


def write_comments(folder: str) -> dict[str, Any]:
    """Writing `comments.parquet` and `comments.csv` once more, from what a run left; reading is not counted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from include.analysis.output import CommentsWriter

    pa.scalar(None)  # pyarrow imports pandas
    taken = {"seconds": 0.0, "processor": 0.0}

    def add(work: Callable[[], object]) -> None:
        for name, value in clocked(work).items():
            taken[name] += value

    with tempfile.TemporaryDirectory(prefix="written-", dir=folder) as scratch:
        file = pq.ParquetFile(Path(folder) / "comments.parquet")
        files = Path(scratch) / "comments.parquet", Path(scratch) / "comments.csv"
        writer = CommentsWriter(*files, file.schema_arrow)
        add(writer.__enter__)
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            add(lambda table=table: writer.write(table))
        add(lambda: writer.__exit__(None, None, None))
    return taken


def analyser(name: str, rows: str) -> dict[str, Any]:
    """Different comments a second on one core: `cold` with words that are new, `warm` with words met before.

    Only a new analyser has met no word. What it lays out at its first comments is counted; that the process gets its
    memory from the system, which some machines take long for, is not.
    """
    analyse, texts = at_work(name, rows)
    analyse(texts)
    new = iter([analysers()[name]() for _ in range(REPEATS)])
    times = alternating(lambda: next(new)(texts), lambda: analyse(texts), lambda: workload(texts))
    return {kind: len(texts) / taken for kind, taken in zip(("cold", "warm", "reference"), times, strict=True)}


def profile(name: str, rows: str) -> dict[str, Any]:
    """Of the time of an analyser on different comments whose words it has met, the seconds in each of its stages."""
    from cProfile import Profile
    from pstats import Stats

    analyse, texts = at_work(name, rows)
    analyse(texts)
    profiler = Profile()
    profiler.runcall(analyse, texts)
    found = Stats(profiler)
    timings = found.stats.items()  # type: ignore[attr-defined]
    within = {f"{Path(file).stem}.{function}": timing[3] for (file, _, function), timing in timings}
    stages = {words: within[function] for words, function in STAGES[name].items()}
    whole: float = found.total_tt  # type: ignore[attr-defined]
    return {"stages": {**stages, "all else": whole - sum(stages.values())}}


STAGES = {
    "emotions": {
        "cut into words": "text.tokenise",
        "find phrases": "matching.find",
        "weigh rules": "emotion_rules.weigh",
        "words of the model": "emotion_model.words",
        "what was learned": "emotions.log_odds",
    },
    "themes": {"cut into words": "text.tokenise", "find phrases": "matching.find"},
}
"""What each stage is called in the table, and its function."""


def at_work(name: str, rows: str) -> tuple[Callable[[list[str]], object], list[str]]:
    """A new analyser and the different comments among so many, in a process that keeps freed memory as tasks do."""
    from include.analysis.memory import keep_freed
    from tests.exports import comments

    texts = list(dict.fromkeys(filter(str.strip, comments(int(rows)))))
    analyse = analysers()[name]()
    keep_freed()
    return analyse, texts


def analysers() -> dict[str, Callable[[], Callable[[list[str]], object]]]:
    from include.analysis.emotions import EmotionAnalyzer
    from include.analysis.themes import ThemeAnalyzer

    return {"emotions": lambda: EmotionAnalyzer().score, "themes": lambda: ThemeAnalyzer().mentions}


def workload(texts: list[str]) -> None:
    """Fixed work on texts, half in Python and half in numpy, that no change of the project makes faster or slower."""
    import numpy as np

    counts = Counter(word for text in texts for word in text.casefold().split())
    numbers = {word: number for number, word in enumerate(counts)}
    words = np.array([numbers[word] for text in texts for word in text.casefold().split()])
    letters = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    np.unique(words[:-1] * len(numbers) + words[1:])
    np.unique(letters)


def imports(*files: str) -> dict[str, Any]:
    """What importing Airflow took this process so far, or files of DAGs, and the heavy modules these brought along."""
    import airflow.sdk

    assert airflow.sdk
    before = loaded()
    for file in files:
        runpy.run_path(file)
    return {"processor": processor(), "heavy": sorted(loaded() - before)}


def loaded() -> set[str]:
    return {name for name in HEAVY if name in sys.modules}


def tasks(export: str, folder: str) -> dict[str, Any]:
    from tests.bench.tasks import durations

    return durations(export, folder)


def engine_ratio(export: str) -> dict[str, Any]:
    """All steps of a run to its results, against reading the file."""
    found = steps(export, report=False)
    return {"ratio": sum(found["processor"].values()) / found["floor"]}


def steps(export: str, report: bool = True) -> dict[str, Any]:
    """The processor seconds of each step of a run, all in this process, and of reading the file.

    The file is read after each piece of work: what slows one slows the other.
    """
    import pandas as pd

    from include.analysis import pipeline
    from include.analysis.configuration import validate
    from include.analysis.run_folder import RunFolder

    config = validate({"input_path": export, "analyses": list(BASIC), "workers": 2})
    work: defaultdict[str, float] = defaultdict(float)
    floor = []

    def step(name: str, work_of_step: Callable[[], object]) -> None:
        work[name] += clocked(work_of_step)["processor"]
        floor.append(clocked(lambda: pd.read_csv(export))["processor"])

    with tempfile.TemporaryDirectory(prefix="engine-", dir=Path(export).parent) as folder:
        run = RunFolder(Path(folder) / "run")
        step("lexicons", lambda: pipeline.begin(run, config))
        step("read and split", lambda: list(pipeline.split(run)))
        for batch in run.batch_list():
            for name in BASIC:
                step(name, partial(pipeline.analyse, str(run.path), batch.index, name))
        step("aggregate", lambda: pipeline.aggregate(run))
        if report:
            step("report", lambda: pipeline.report(run))
    return {"processor": dict(work), "floor": statistics.mean(floor)}


def split_ratio(export: str) -> dict[str, Any]:
    import pandas as pd

    work, floor = alternating(splitter(export), lambda: pd.read_csv(export))
    return {"ratio": work / floor}


def workbook_ratio(workbook: str) -> dict[str, Any]:
    work, floor = alternating(splitter(workbook), calamine_reader(workbook))
    return {"ratio": work / floor}


PROBES: dict[str, Callable[..., dict[str, Any]]] = {
    probe.__name__: probe
    for probe in (
        read_pandas,
        read_polars,
        read_calamine,
        split,
        write_comments,
        analyser,
        profile,
        imports,
        tasks,
        engine_ratio,
        steps,
        split_ratio,
        workbook_ratio,
    )
}

if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]](*sys.argv[2:])))
