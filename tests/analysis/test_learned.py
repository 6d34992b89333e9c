"""What was learned from labelled comments: runtime and scikit-learn say the same, and the rules stay in charge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from include.analysis.emotion_model import Weights
from include.analysis.emotion_rules import RULES
from include.analysis.emotions import FEEDBACK_WEIGHTS, EmotionAnalyzer, EmotionsAnalysis, Learned
from include.analysis.text import tokenise
from train.feedback import main, read_dev, train
from train.model import Trained

ROWS = 400


@pytest.fixture(scope="module")
def trained() -> Trained:
    texts, labels = read_dev()
    return train(texts[:ROWS], labels[:ROWS])


def runtime_log_odds(path: Path, texts: list[str]) -> np.ndarray:
    said = np.rint(EmotionAnalyzer(learned=False).log_odds(texts) * 1000).astype(np.int64)
    return Learned(path).log_odds(said, tokenise(texts)) / 1000


def test_runtime_scores_are_those_of_scikit_learn(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(trained.weights().to_bytes())
    texts = [*read_dev()[0][ROWS : ROWS + 100], "", "😭 xqwz", "NO FUNCIONA!!!"]
    runtime = runtime_log_odds(path, texts)
    # Each weight is rounded to 1/4096; the rules' log-odds, of up to 30, are multiplied by one of them.
    assert runtime == pytest.approx(trained.log_odds(texts), abs=0.1)
    assert np.abs(runtime).max() > 1


def test_same_rows_give_the_same_bytes(trained: Trained) -> None:
    texts, labels = read_dev()
    assert train(texts[:ROWS], labels[:ROWS]).weights().to_bytes() == trained.weights().to_bytes()


@pytest.mark.slow
def test_the_shipped_file_was_learned_from_these_rules_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    assert main(["--out", str(path)]) == 0
    texts = read_dev()[0][::10]
    again, shipped = (runtime_log_odds(file, texts) for file in (path, FEEDBACK_WEIGHTS))
    # Other processors multiply in another order, so the bytes may differ in the last unit, and no more than that.
    assert again == pytest.approx(shipped, abs=0.05)


def test_the_weights_file_is_small_and_comes_with_its_card() -> None:
    assert FEEDBACK_WEIGHTS.stat().st_size < 200_000
    assert Weights.from_bytes(FEEDBACK_WEIGHTS.read_bytes()).to_bytes() == FEEDBACK_WEIGHTS.read_bytes()
    assert "emotions.tsv" in FEEDBACK_WEIGHTS.with_suffix(".md").read_text(encoding="utf-8")


def test_a_phrase_of_the_rules_still_says_what_it_says() -> None:
    """For the emotion of a strong phrase, more of the rules' evidence is never less of the score."""
    belief = Weights.from_bytes(FEEDBACK_WEIGHTS.read_bytes()).group_weights
    assert (np.diag(belief) > 0).all()
    assert (np.argmax(belief, axis=0) == np.arange(len(belief))).all()


def test_with_rules_of_ones_own_these_alone_decide(tmp_path: Path) -> None:
    own = tmp_path / "rules.toml"
    own.write_bytes(RULES.read_bytes())
    texts = ["estoy harto", "excelente", "cambiaron el router"]
    alone = EmotionAnalyzer(learned=False).score(texts)
    assert EmotionAnalyzer(rules=own).score(texts).tolist() == alone.tolist()
    assert EmotionAnalyzer().score(texts).tolist() != alone.tolist()
    assert EmotionsAnalysis(rules=own).fingerprint() != EmotionsAnalysis().fingerprint()
