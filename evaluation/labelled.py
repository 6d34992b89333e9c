"""Labelled comments, and how often an analyser and their reader say the same."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
DEV, UNSEEN, FRESH, INDIRECT = "dev", "unseen", "fresh", "indirect"
HALVES = {
    DEV: "dev half",
    UNSEEN: "unseen half",
    FRESH: "fresh, of other writers",
    INDIRECT: "unseen, of those written to be indirect",
}
"""For writing rules; how good they became; how good on other writers; and how good where little is said plainly."""


@dataclass(frozen=True)
class Labelled:
    """A comment with the labels that a reader gives it, none or several."""

    round: str
    half: str
    labels: frozenset[str]
    comment: str


def read_labelled(kind: str, labels: Collection[str]) -> list[Labelled]:
    """The comments of `data/<kind>.tsv` in the order of the file; raises ValueError for a label that there is not."""
    with (DATA / f"{kind}.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        read = [
            Labelled(row["round"], row["half"], frozenset(filter(None, row[kind].split(";"))), row["comment"])
            for row in rows
        ]
    for one in read:
        if not one.labels <= set(labels) or one.half not in HALVES:
            raise ValueError(f"{kind}.tsv: {one.half}, {', '.join(sorted(one.labels))}: {one.comment}")
    return read


@dataclass
class Agreement:
    """How often the analyser and the reader say the same of one label."""

    both: int = 0
    analyser_only: int = 0
    reader_only: int = 0

    def add(self, found: bool, labelled: bool) -> None:
        """Count one decision."""
        self.both += found and labelled
        self.analyser_only += found and not labelled
        self.reader_only += labelled and not found

    @property
    def labelled(self) -> int:
        return self.both + self.reader_only

    @property
    def precision(self) -> float:
        return self.both / ((self.both + self.analyser_only) or 1)

    @property
    def recall(self) -> float:
        return self.both / (self.labelled or 1)

    @property
    def f1(self) -> float:
        return 2 * self.both / ((2 * self.both + self.analyser_only + self.reader_only) or 1)


Decisions = Iterable[tuple[Collection[str], Collection[str]]]
"""The labels that the analyser and the reader give to each comment."""


def agreements(decisions: Decisions, labels: Sequence[str], none: str) -> dict[str, Agreement]:
    """The agreement on each label, and on there being none of them (named `none`)."""
    found = {label: Agreement() for label in (*labels, none)}
    for analyser, reader in decisions:
        for label in labels:
            found[label].add(label in analyser, label in reader)
        found[none].add(not analyser, not reader)
    return found


def macro_f1(found: Mapping[str, Agreement], labels: Sequence[str]) -> float:
    """The mean F1 of the labels."""
    return sum(found[label].f1 for label in labels) / len(labels)


def micro_f1(found: Mapping[str, Agreement], labels: Sequence[str]) -> float:
    """The F1 of all decisions on the labels together."""
    total = Agreement()
    for label in labels:
        total.both += found[label].both
        total.analyser_only += found[label].analyser_only
        total.reader_only += found[label].reader_only
    return total.f1


def table(found: Mapping[str, Agreement]) -> str:
    """A line for each label: how many comments have it, and precision, recall and F1."""
    lines = [f"  {'':<20}{'labels':>7}{'precision':>11}{'recall':>9}{'F1':>8}"]
    lines += [
        f"  {name:<20}{one.labelled:7d}{one.precision:11.3f}{one.recall:9.3f}{one.f1:8.3f}"
        for name, one in found.items()
    ]
    return "\n".join(lines)


def differences(answers: Iterable[tuple[Labelled, Collection[str]]]) -> Iterator[str]:
    """A line for each comment on which the analyser (+) and the reader (-) differ."""
    for one, found in answers:
        signs = [*(f"+{label}" for label in sorted(set(found) - one.labels))]
        signs += [f"-{label}" for label in sorted(one.labels - set(found))]
        if signs:
            yield f"  {' '.join(signs)}: {one.comment}"
