"""How well the themes agree with a reader.

`data/themes.tsv` holds comments written and labelled by hand for this purpose, several themes a comment or none, in
rounds and halves as those of the emotions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from evaluation.goal import Goal
from evaluation.labelled import (
    DEV,
    HALVES,
    UNSEEN,
    Agreement,
    Labelled,
    agreements,
    differences,
    micro_f1,
    read_labelled,
    table,
)
from include.analysis.themes import ThemeAnalyzer

NONE = "no theme"


def evaluate(show_differences: Collection[str] = ()) -> Iterator[Goal]:
    """Print the tables; `show_differences` names the rounds of which the differing dev comments are listed."""
    analyzer = ThemeAnalyzer()
    every = read_labelled("themes", analyzer.ids)
    comments = [one.comment for one in every]
    found = dict(zip(comments, map(frozenset, analyzer.analyze(comments)), strict=True))

    def agreement_on(labelled: Sequence[Labelled]) -> dict[str, Agreement]:
        return agreements(((found[one.comment], one.labels) for one in labelled), analyzer.ids, NONE)

    for half, name_of_half in HALVES.items():
        labelled = [one for one in every if one.half == half]
        agreement = agreement_on(labelled)
        print(f"Themes, {name_of_half}: {len(labelled)} comments")
        print(table(agreement))
        for name in sorted({one.round for one in labelled}):
            of_round = [one for one in labelled if one.round == name]
            score = micro_f1(agreement_on(of_round), analyzer.ids)
            print(f"  round {name}: {len(of_round)} comments, micro-F1 {score:.3f}")
        print()
        if half == UNSEEN:
            yield Goal("themes: micro-F1, unseen half", micro_f1(agreement, analyzer.ids), 0.90)
    shown = [one for one in every if one.half == DEV and one.round in show_differences]
    print(*differences((one, found[one.comment]) for one in shown), sep="\n", end="\n" if shown else "")
