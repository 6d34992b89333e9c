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
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from include.analysis.emotion_model import (
    EMOTIONS,
    LETTERS,
    SIGNS,
    UNITS,
    WEIGHTS,
    GroupLexicon,
    Small,
    Weights,
    signs,
)
from include.analysis.matching import PhraseMatcher
from include.analysis.text import string_array, tokenise

PROJECT = Path(__file__).resolve().parents[1]
BRIGHTER = PROJECT.parent / "shared" / "data" / "brighter-esp"

# Chosen by cross-validation on BRIGHTER's training and development rows.
FEATURES = 10_000
RARELY = 2  # n-grams of fewer comments are left out
GROUP_SCALE = 0.4
REGULAR = 1.0  # inverse regularisation of the plain regression, of the one over naive Bayes
REGULAR_BAYES = 0.1
SMOOTHING = 0.1

Labels = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def read_brighter(folder: Path) -> tuple[list[str], Labels]:
    """Texts and labels of BRIGHTER's training and development rows."""
    rows: list[dict[str, str]] = []
    for name in ("train.csv", "dev.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return [row["text"] for row in rows], np.array([[int(row[emotion]) for emotion in EMOTIONS] for row in rows])


def token_lists(texts: Sequence[str]) -> list[list[str]]:
    """The tokens of each text."""
    tokens = tokenise(texts)
    words = [tokens.vocabulary[i] for i in tokens.ids.tolist()]
    return [words[a:b] for a, b in pairwise(tokens.offsets.tolist())]


def words_of(tokens: list[str]) -> list[str]:
    """The distinct words of a text."""
    return list(dict.fromkeys(tokens))


def pairs_of(tokens: list[str]) -> list[str]:
    """The distinct pairs of neighbouring words."""
    return [" ".join(pair) for pair in dict.fromkeys(pairwise(tokens))]


def letters_of(tokens: list[str]) -> list[str]:
    """The letter sequences of the distinct words, as scikit-learn's char_wb has them."""
    padded = [f" {word} " for word in words_of(tokens)]
    return [word[i : i + n] for word in padded for n in LETTERS for i in range(len(word) - n + 1)]


class Ngrams:
    """Counts of one kind of n-gram, times their inverse document frequency, scaled to a mean square length of 1."""

    def __init__(self, analyzer: Any) -> None:
        self.counter = CountVectorizer(analyzer=analyzer, min_df=RARELY, dtype=np.float64)

    def fit(self, texts: list[list[str]]) -> Any:
        counts = self.counter.fit_transform(texts)
        rows = np.asarray((counts > 0).sum(axis=0)).ravel()
        scale = np.log((1 + len(texts)) / (1 + rows)) + 1
        scaled = counts @ sparse.diags(scale)
        self.scale = scale / np.sqrt(scaled.multiply(scaled).sum(axis=1).mean())
        return self.transform(texts)

    def transform(self, texts: list[list[str]]) -> Any:
        return self.counter.transform(texts) @ sparse.diags(self.scale)


@dataclass
class Trained:
    """A trained model: scores in floating point, as scikit-learn gives them, and the weights file of them."""

    ngrams: tuple[Ngrams, Ngrams, Ngrams]
    lexicon: GroupLexicon
    kept: npt.NDArray[np.int64]
    coefficients: Numbers  # (emotions, kept n-grams + groups + signs)
    bias: Numbers

    def log_odds(self, texts: Sequence[str]) -> Numbers:
        """Of shape (texts, emotions)."""
        tokens = token_lists(texts)
        ngrams = sparse.hstack([kind.transform(tokens) for kind in self.ngrams]).tocsr()[:, self.kept]
        features = sparse.hstack([ngrams, _dense_features(texts, self.lexicon)]).tocsr()
        scores: Numbers = features @ self.coefficients.T + self.bias
        return scores

    def weights(self) -> Weights:
        """As whole numbers, for each count of an n-gram."""
        names = np.concatenate([kind.counter.get_feature_names_out() for kind in self.ngrams])[self.kept]
        scale = np.concatenate([kind.scale for kind in self.ngrams])[self.kept]
        kind_of = np.repeat(range(3), [len(kind.scale) for kind in self.ngrams])[self.kept]
        count = len(self.kept)
        ngram_weights = (self.coefficients[:, :count] * scale).T
        group_weights, sign_weights = np.split(self.coefficients[:, count:].T, [len(self.lexicon.groups)])
        words, pairs, letters = (tuple(names[kind_of == kind]) for kind in range(3))
        word_weights, pair_weights, letter_weights = (_small(ngram_weights[kind_of == kind]) for kind in range(3))
        return Weights(
            words=words,
            pairs=pairs,
            letters=letters,
            groups=self.lexicon.groups,
            signs=tuple(SIGNS),
            word_weights=word_weights,
            pair_weights=pair_weights,
            letter_weights=letter_weights,
            group_weights=_small(group_weights * GROUP_SCALE),
            sign_weights=_small(sign_weights),
            bias=_small(self.bias),
        )


def _small(numbers: Numbers) -> Small:
    whole = np.rint(numbers * UNITS)
    if np.abs(whole).max(initial=0) > np.iinfo(np.int16).max:
        raise ValueError(f"a weight of {np.abs(numbers).max():.1f} does not fit; lower UNITS")
    return whole.astype(np.int16)


def _dense_features(texts: Sequence[str], lexicon: GroupLexicon) -> Any:
    tokens = tokenise(texts)
    counts = lexicon.counts(PhraseMatcher(lexicon.phrases).find(tokens).longest(), len(texts))
    return sparse.csr_matrix(np.hstack([counts * GROUP_SCALE, signs(string_array(texts))]))


def train(texts: Sequence[str], labels: Labels, lexicon: GroupLexicon | None = None) -> Trained:
    """Learn a model; the same rows in the same order give the same model."""
    lexicon = lexicon or GroupLexicon.read()
    tokens = token_lists(texts)
    ngrams = (Ngrams(words_of), Ngrams(pairs_of), Ngrams(letters_of))
    every = sparse.hstack([kind.fit(tokens) for kind in ngrams]).tocsr()
    dense = _dense_features(texts, lexicon)
    first = sparse.hstack([every, dense]).tocsr()
    weight = np.abs(np.array([_regression(first, labels[:, e])[0] for e in range(len(EMOTIONS))]))
    kept = np.sort(np.argsort(-weight[:, : every.shape[1]].max(axis=0), kind="stable")[:FEATURES])
    features = sparse.hstack([every[:, kept], dense]).tocsr()
    learned = [_averaged(features, labels[:, e]) for e in range(len(EMOTIONS))]
    coefficients, bias = (np.array(part) for part in zip(*learned, strict=True))
    return Trained(ngrams, lexicon, kept, coefficients, bias)


def _regression(features: Any, labels: Labels, regular: float = REGULAR) -> tuple[Numbers, float]:
    """Both classes weigh the same, so that log-odds of 0 lie where F1 is near its best."""
    model = LogisticRegression(C=regular, solver="liblinear", class_weight="balanced", random_state=0)
    model.fit(features, labels)
    return model.coef_[0], float(model.intercept_[0])


def _averaged(features: Any, labels: Labels) -> tuple[Numbers, float]:
    """The mean of the plain regression and of the one over features weighed by their naive Bayes log ratio."""
    plain, plain_bias = _regression(features, labels)
    with_it, without = (np.asarray(features[labels == c].sum(axis=0)).ravel() + SMOOTHING for c in (1, 0))
    ratio = np.log(with_it / with_it.sum()) - np.log(without / without.sum())
    bayes, bayes_bias = _regression(features @ sparse.diags(ratio), labels, REGULAR_BAYES)
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
    raw = train(texts, labels).weights().to_bytes()
    options.out.write_bytes(raw)
    print(f"{options.out}: {len(raw):,} bytes, learned from {len(texts):,} comments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
