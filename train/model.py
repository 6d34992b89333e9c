"""A linear model over n-grams and a few other features, one logistic regression an emotion, and its weights file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from include.analysis.emotion_model import EMOTIONS, LETTERS, UNITS, Small, Weights
from include.analysis.text import tokenise

RARELY = 2  # n-grams of fewer comments are left out

Labels = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Fit = Callable[[Any, Labels], tuple[Numbers, float]]
"""Coefficients and bias, from features and the labels of one emotion."""


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


@dataclass(frozen=True)
class Others:
    """The features besides n-grams: `of` gives them, first those of `groups` (times `scale`), then those of `signs`."""

    of: Callable[[Sequence[str]], Numbers]
    groups: tuple[str, ...]
    signs: tuple[str, ...] = ()
    scale: float = 1.0


@dataclass
class Trained:
    """A trained model: scores in floating point, as scikit-learn gives them, and the weights file of them."""

    ngrams: tuple[Ngrams, Ngrams, Ngrams]
    others: Others
    kept: npt.NDArray[np.int64]
    coefficients: Numbers  # (emotions, kept n-grams + groups + signs)
    bias: Numbers

    def log_odds(self, texts: Sequence[str]) -> Numbers:
        """Of shape (texts, emotions)."""
        tokens = token_lists(texts)
        ngrams = sparse.hstack([kind.transform(tokens) for kind in self.ngrams]).tocsr()[:, self.kept]
        features = sparse.hstack([ngrams, sparse.csr_matrix(self.others.of(texts))]).tocsr()
        scores: Numbers = features @ self.coefficients.T + self.bias
        return scores

    def weights(self) -> Weights:
        """As whole numbers, for each count of an n-gram."""
        names = np.concatenate([kind.counter.get_feature_names_out() for kind in self.ngrams])[self.kept]
        scale = np.concatenate([kind.scale for kind in self.ngrams])[self.kept]
        kind_of = np.repeat(range(3), [len(kind.scale) for kind in self.ngrams])[self.kept]
        count = len(self.kept)
        ngram_weights = (self.coefficients[:, :count] * scale).T
        group_weights, sign_weights = np.split(self.coefficients[:, count:].T, [len(self.others.groups)])
        words, pairs, letters = (tuple(names[kind_of == kind]) for kind in range(3))
        word_weights, pair_weights, letter_weights = (_small(ngram_weights[kind_of == kind]) for kind in range(3))
        return Weights(
            words=words,
            pairs=pairs,
            letters=letters,
            groups=self.others.groups,
            signs=self.others.signs,
            word_weights=word_weights,
            pair_weights=pair_weights,
            letter_weights=letter_weights,
            group_weights=_small(group_weights * self.others.scale),
            sign_weights=_small(sign_weights),
            bias=_small(self.bias),
        )


def _small(numbers: Numbers) -> Small:
    whole = np.rint(numbers * UNITS)
    if np.abs(whole).max(initial=0) > np.iinfo(np.int16).max:
        raise ValueError(f"a weight of {np.abs(numbers).max():.1f} does not fit; lower UNITS")
    return whole.astype(np.int16)


def learn(texts: Sequence[str], labels: Labels, others: Others, most: int, first: Fit, fit: Fit) -> Trained:
    """Learn a model; the same rows in the same order give the same one.

    A model by `first` says which n-grams weigh most: the model by `fit` has the `most` of them.
    """
    tokens = token_lists(texts)
    ngrams = (Ngrams(words_of), Ngrams(pairs_of), Ngrams(letters_of))
    every = sparse.hstack([kind.fit(tokens) for kind in ngrams]).tocsr()
    dense = sparse.csr_matrix(others.of(texts))
    features = sparse.hstack([every, dense]).tocsr()
    weight = np.abs(np.array([first(features, labels[:, e])[0] for e in range(len(EMOTIONS))]))
    kept = np.sort(np.argsort(-weight[:, : every.shape[1]].max(axis=0), kind="stable")[:most])
    features = sparse.hstack([every[:, kept], dense]).tocsr()
    learned = [fit(features, labels[:, e]) for e in range(len(EMOTIONS))]
    coefficients, bias = (np.array(part) for part in zip(*learned, strict=True))
    return Trained(ngrams, others, kept, coefficients, bias)


def save(trained: Trained, path: Path, comments: int) -> None:
    """Write the weights file, and say so."""
    raw = trained.weights().to_bytes()
    path.write_bytes(raw)
    print(f"{path}: {len(raw):,} bytes, learned from {comments:,} comments")


def regression(features: Any, labels: Labels, regular: float, balanced: bool) -> tuple[Numbers, float]:
    """A logistic regression; `balanced`: both classes weigh the same, `regular` is its inverse regularisation."""
    weight = "balanced" if balanced else None
    model = LogisticRegression(C=regular, solver="liblinear", class_weight=weight, random_state=0)
    model.fit(features, labels)
    return model.coef_[0], float(model.intercept_[0])
