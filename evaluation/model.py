"""How well the general emotion model learns: cross-validation on BRIGHTER's training and development rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluation.goal import Goal
from evaluation.labelled import agreements, macro_f1, table
from include.analysis.emotions import EMOTIONS, NEUTRAL
from train.emotions import BRIGHTER, read_brighter, train

FOLDS = 5
SEED = 0


def evaluate() -> Iterator[Goal]:
    """Print the table; yields nothing where the rows are not beside the project."""
    if not BRIGHTER.is_dir():
        print("General model: not evaluated, BRIGHTER is not there (see include/analysis/data/emotions_model.md)\n")
        return
    texts, labels = read_brighter(BRIGHTER)
    fold = np.random.default_rng(SEED).permutation(len(texts)) % FOLDS
    present = np.zeros(labels.shape, bool)
    for left_out in range(FOLDS):
        learned, asked = np.flatnonzero(fold != left_out), np.flatnonzero(fold == left_out)
        model = train([texts[i] for i in learned.tolist()], labels[learned])
        present[asked] = model.log_odds([texts[i] for i in asked.tolist()]) >= 0
    given = [{e for e, flag in zip(EMOTIONS, row, strict=True) if flag} for row in labels.tolist()]
    found = [{e for e, flag in zip(EMOTIONS, row, strict=True) if flag} for row in present.tolist()]
    agreement = agreements(zip(found, given, strict=True), EMOTIONS, NEUTRAL)
    del agreement[NEUTRAL]  # each of these comments has an emotion
    print(f"General model, cross-validated ({FOLDS} folds) on {len(texts):,} comments of BRIGHTER")
    print(f"{table(agreement)}\n")
    yield Goal("general model: macro-F1, cross-validated", macro_f1(agreement, EMOTIONS), 0.80)
