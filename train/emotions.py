"""`make train`: learn the weights of the general emotion model and write its weights file.

The model is one logistic regression an emotion over words, word pairs, letter sequences inside words (each times its
inverse document frequency), the groups of the general lexicon and the signs, averaged with the same over features
weighed by naive Bayes (Wang and Manning, "Baselines and Bigrams", 2012). The `FEATURES` n-grams of most weight are
kept, and the model is learned again over those. `make evaluate` cross-validates it.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from include.analysis.emotion_model import EMOTIONS, SIGNS, WEIGHTS, GroupLexicon, signs
from include.analysis.matching import PhraseMatcher
from include.analysis.strings import string_array
from include.analysis.text import tokenise
from train.model import Labels, Numbers, Others, Trained, learn, regression, save

PROJECT = Path(__file__).resolve().parents[1]
BRIGHTER = PROJECT.parent / "shared" / "data" / "brighter-esp"

# Chosen by cross-validation on BRIGHTER's training and development rows.
FEATURES = 10_000
GROUP_SCALE = 0.4
REGULAR = 1.0  # inverse regularisation of the plain regression, of the one over naive Bayes
REGULAR_BAYES = 0.1
SMOOTHING = 0.1


def read_brighter(folder: Path) -> tuple[list[str], Labels]:
    """Texts and labels of BRIGHTER's training and development rows."""
    rows: list[dict[str, str]] = []
    for name in ("train.csv", "dev.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return [row["text"] for row in rows], np.array([[int(row[emotion]) for emotion in EMOTIONS] for row in rows])


def train(texts: Sequence[str], labels: Labels, lexicon: GroupLexicon | None = None) -> Trained:
    """Learn a model; the same rows in the same order give the same model."""
    lexicon = lexicon or GroupLexicon.read()

    def features(texts: Sequence[str]) -> Numbers:
        counts = lexicon.counts(PhraseMatcher(lexicon.phrases).find(tokenise(texts)).longest(), len(texts))
        return np.hstack([counts * GROUP_SCALE, signs(string_array(texts))])

    others = Others(features, lexicon.groups, tuple(SIGNS), GROUP_SCALE)
    return learn(texts, labels, others, FEATURES, _plain, _averaged)


def _plain(features: Any, labels: Labels) -> tuple[Numbers, float]:
    """Both classes weigh the same, so that log-odds of 0 lie where F1 is near its best."""
    return regression(features, labels, REGULAR, balanced=True)


def _averaged(features: Any, labels: Labels) -> tuple[Numbers, float]:
    """The mean of the plain regression and of the one over features weighed by their naive Bayes log ratio."""
    plain, plain_bias = _plain(features, labels)
    with_it, without = (np.asarray(features[labels == c].sum(axis=0)).ravel() + SMOOTHING for c in (1, 0))
    ratio = np.log(with_it / with_it.sum()) - np.log(without / without.sum())
    bayes, bayes_bias = regression(features @ sparse.diags(ratio), labels, REGULAR_BAYES, balanced=True)
    return (plain + bayes * ratio) / 2, (plain_bias + bayes_bias) / 2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make train", description="Learn the weights of the emotion model.")
    parser.add_argument("--data", type=Path, default=BRIGHTER, help="folder of BRIGHTER's train.csv and dev.csv")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the weights file to write")
    options = parser.parse_args(arguments)
    try:
        texts, labels = read_brighter(options.data)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}; name the folder: make train DATA=path", file=sys.stderr)
        return 2
    save(train(texts, labels), options.out, len(texts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
