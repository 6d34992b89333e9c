"""`make train-feedback`: learn from labelled customer comments what the rules for feedback do not say.

One logistic regression an emotion over the scores of the rules for all six emotions, words, word pairs and letter
sequences inside words. It learns how much the rules are to be believed, and what else the words say. The `FEATURES`
n-grams of most weight are kept. It learns from the dev halves of `evaluation/data/emotions.tsv`; `make evaluate` says
how good it is on the others. Whoever changes the rules much, trains again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.labelled import DEV, read_labelled
from include.analysis.emotion_model import EMOTIONS
from include.analysis.emotions import FEEDBACK_WEIGHTS, EmotionAnalyzer
from train.model import Labels, Numbers, Others, Trained, learn, regression, save

FEATURES = 10_000
REGULAR = 3.0
RULE_SCALE = 0.3


def read_dev() -> tuple[list[str], Labels]:
    """Texts and labels of the comments to learn from."""
    rows = [one for one in read_labelled("emotions", EMOTIONS) if one.half == DEV]
    return [one.comment for one in rows], np.array([[emotion in one.labels for emotion in EMOTIONS] for one in rows])


def train(texts: Sequence[str], labels: Labels) -> Trained:
    """Learn the layer; the same rows in the same order give the same one."""
    rules = EmotionAnalyzer(learned=False)
    others = Others(lambda texts: rules.log_odds(texts) * RULE_SCALE, EMOTIONS, scale=RULE_SCALE)
    return learn(texts, labels.astype(np.int64), others, FEATURES, _fit, _fit)


def _fit(features: Any, labels: Labels) -> tuple[Numbers, float]:
    """Classes weigh as they are, so that scores are near the shares of comments that readers give the emotion to."""
    return regression(features, labels, REGULAR, balanced=False)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make train-feedback", description="Learn what the rules do not say.")
    parser.add_argument("--out", type=Path, default=FEEDBACK_WEIGHTS, help="the weights file to write")
    options = parser.parse_args(arguments)
    texts, labels = read_dev()
    save(train(texts, labels), options.out, len(texts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
