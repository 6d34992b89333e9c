"""`make train-feedback`: learn from labelled customer comments what the rules for feedback do not say.

One logistic regression an emotion over the scores of the rules for all six emotions, words, word pairs and letter
sequences inside words. It learns how much the rules are to be believed, and what else the words say. The `FEATURES`
n-grams of most weight are kept. It learns from the dev halves of `evaluation/data/emotions.tsv`; `make evaluate` says
how good it is on the others. Whoever changes the rules much, trains again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.labelled import DEV, read_labelled
from include.analysis.emotion_model import EMOTIONS
from include.analysis.emotion_rules import RULES, read_rules
from include.analysis.emotions import FEEDBACK_WEIGHTS, EmotionAnalyzer
from include.analysis.matching import PhraseMatcher
from include.analysis.text import tokenise
from train.model import Labels, Numbers, Others, Trained, learn, regression, save

FEATURES = 10_000
REGULAR = 3.0
RULE_SCALE = 0.3
COMMON = 5
CAUTION = 0.2  # log-odds taken off each score: few neutral comments are to get an emotion


def read_dev() -> tuple[list[str], Labels]:
    """Texts and labels of the comments to learn from."""
    rows = [one for one in read_labelled("emotions", EMOTIONS) if one.half == DEV]
    return [one.comment for one in rows], np.array([[emotion in one.labels for emotion in EMOTIONS] for one in rows])


def train(texts: Sequence[str], labels: Labels) -> Trained:
    """Learn the layer; the same rows in the same order give the same one."""
    trained = learn(texts, labels.astype(np.int64), _scores(_by_common_phrases(texts)), FEATURES, _fit, _fit)
    return replace(trained, others=_scores(EmotionAnalyzer(learned=False)), bias=trained.bias - CAUTION)


def _scores(rules: EmotionAnalyzer) -> Others:
    return Others(lambda texts: rules.log_odds(texts) * RULE_SCALE, EMOTIONS, scale=RULE_SCALE)


def _by_common_phrases(texts: Sequence[str]) -> EmotionAnalyzer:
    """The rules without the phrases that are in fewer than `COMMON` of the texts."""
    phrases = read_rules().phrases
    found = PhraseMatcher([phrase.text for phrase in phrases]).find(tokenise(texts))
    times = np.bincount([phrase for phrase, _ in {*zip(found.phrase.tolist(), found.owner.tolist(), strict=True)}])
    common = [phrase for phrase, count in zip(phrases, times, strict=False) if count >= COMMON]
    content = tomllib.loads(RULES.read_text(encoding="utf-8"))
    content["neutral"] = {"phrases": [phrase.text for phrase in common if not any(phrase.evidence)]}
    for i, emotion in enumerate(EMOTIONS):
        content[emotion] = {
            level: [phrase.text for phrase in common if phrase.evidence[i] == weight]
            for level, weight in content["levels"].items()
        }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / RULES.name
        path.write_text("\n".join(_toml(content)), encoding="utf-8")
        return EmotionAnalyzer(rules=path, learned=False)


def _toml(table: Mapping[str, Any], *names: str) -> Iterator[str]:
    """The lines of a table of numbers, texts, lists of them and tables."""
    yield f"[{'.'.join(names)}]" if names else ""
    inner = {name: value for name, value in table.items() if isinstance(value, dict)}
    for name, value in table.items():
        if name not in inner:
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    for name, value in inner.items():
        yield from _toml(value, *names, name)


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
