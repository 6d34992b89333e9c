"""How well the emotions of customer comments agree with a reader.

`data/emotions.tsv` holds comments written and labelled by hand for this purpose, several emotions a comment or none,
in rounds that were each written before the rules had seen them. Half of each round (`dev`, drawn by chance) is for
writing rules. The other half (`unseen`) only says how good they became; its single errors are not looked at. When it
was needed to learn from, it became `dev`, and a new round was written. Round 8 was written to say things indirectly, as
no list of phrases expects them: three in ten of it (`indirect`) say how far the rules reach there. Rounds 9 and 10 are
ordinary answers by other writers: three in ten of round 9 (`fresh`) were never learned from, and say what to expect of
comments that nobody wrote rules for. Round 11 is by three other writers again, of which one in three is `fresh`; round
12 by two more, of which one in four is `fresh`. `data/LABELS.md` is what was labelled by from round 7 on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from evaluation.goal import Goal
from evaluation.labelled import DEV, HALVES, UNSEEN, Labelled, agreements, differences, macro_f1, read_labelled, table
from include.analysis.emotions import EMOTIONS, NEUTRAL, EmotionAnalyzer

Answer = tuple[frozenset[str], str]
"""The emotions that are present, and the dominant one or `neutral`."""


def answers(comments: Sequence[str], domain: str = "feedback") -> list[Answer]:
    """What the analyser says of each comment."""
    frame = EmotionAnalyzer(domain).analyze(comments)
    present = frame[[f"is_{emotion}" for emotion in EMOTIONS]].to_numpy().tolist()
    return [
        (frozenset(e for e, flag in zip(EMOTIONS, flags, strict=True) if flag), dominant)
        for flags, dominant in zip(present, frame["emotion"], strict=True)
    ]


def confusion(labelled: Sequence[Labelled], dominant: Sequence[str]) -> str:
    """How often each dominant emotion (column) was found for each of the reader's emotions (row), several a comment."""
    names = (*EMOTIONS, NEUTRAL)
    counts = Counter(
        (label, found) for one, found in zip(labelled, dominant, strict=True) for label in (one.labels or (NEUTRAL,))
    )
    lines = [f"  {'reader / found':<20}" + "".join(f"{name:>9}" for name in names)]
    lines += [f"  {row:<20}" + "".join(f"{counts[row, column]:9d}" for column in names) for row in names]
    return "\n".join(lines)


def evaluate(show_differences: Collection[str] = ()) -> Iterator[Goal]:
    """Print the tables; `show_differences` names the rounds of which the differing dev comments are listed."""
    every = read_labelled("emotions", EMOTIONS)
    comments = [one.comment for one in every]
    found, general = (dict(zip(comments, answers(comments, domain), strict=True)) for domain in ("feedback", "social"))
    for half, name_of_half in HALVES.items():
        labelled = [one for one in every if one.half == half]
        agreement = agreements(((found[one.comment][0], one.labels) for one in labelled), EMOTIONS, NEUTRAL)
        print(f"Emotions of customer comments, {name_of_half}: {len(labelled)} comments")
        print(table(agreement))
        if half == UNSEEN:
            print(confusion(labelled, [found[one.comment][1] for one in labelled]))
            yield Goal("emotions: macro-F1, unseen half", macro_f1(agreement, EMOTIONS), 0.88)
            yield Goal("emotions: recall of neutral, unseen half", agreement[NEUTRAL].recall, 0.95)
        print(*_rounds(labelled, found, general), "", sep="\n")
    shown = [one for one in every if one.half == DEV and one.round in show_differences]
    print(*differences((one, found[one.comment][0]) for one in shown), sep="\n", end="\n" if shown else "")


def _rounds(labelled: Sequence[Labelled], found: dict[str, Answer], general: dict[str, Answer]) -> Iterator[str]:
    """How well each round was read, and by the general model alone: how hard it is for who knows no customers."""
    for name in sorted({one.round for one in labelled}):
        of_round = [one for one in labelled if one.round == name]
        whole, alone = (
            macro_f1(agreements(((said[one.comment][0], one.labels) for one in of_round), EMOTIONS, NEUTRAL), EMOTIONS)
            for said in (found, general)
        )
        yield f"  round {name}: {len(of_round)} comments, macro-F1 {whole:.3f}, the general model alone {alone:.3f}"
