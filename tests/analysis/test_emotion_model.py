"""The general emotion model: the weights file, additive scores, and that runtime and scikit-learn say the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.arrays import Integers
from include.analysis.emotion_model import DATA, LEXICON, UNITS, WEIGHTS, EmotionModel, Weights, shouting
from include.analysis.emotions import EmotionAnalyzer
from include.analysis.errors import LexiconError
from include.analysis.matching import PhraseMatcher
from include.analysis.text import tokenise
from train.emotions import BRIGHTER, main, read_brighter, train
from train.model import Trained

MODEL = EmotionModel()

SAD = ["lloro todos los dias", "que triste, lloro", "me puse a llorar", "una tristeza enorme", "triste y sola"]
GLAD = ["te amo mucho", "que lindo, te amo", "jajaja me encanta", "me encanta este tema", "lindo lindo"]
MAD = ["los odio a todos", "que asco de gente", "odio esto, un asco", "me da asco y los odio", "gente de mierda"]
TEXTS = [text for texts in (SAD, GLAD, MAD) for text in texts for text in (text, text.upper() + "!", "y " + text)]
ASKED = ["lloro de tristeza", "ODIO LLORAR!!", "te amo jajaja", "qué asco... ❤️", "lindooo :)", "?", "😭 😭", "xyz"]


def labels_of(texts: list[str]) -> np.ndarray:
    """Made-up labels, so that every emotion is there and absent."""
    kind = np.arange(len(texts)) // 15
    return np.stack([kind == 2, kind == 2, kind == 0, kind == 1, kind == 0, kind == 1], axis=1).astype(np.int64)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(TEXTS, labels_of(TEXTS))


def log_odds(model: EmotionModel, texts: list[str]) -> Integers:
    tokens = tokenise(texts)
    found = PhraseMatcher(model.lexicon.phrases).find(tokens).longest()
    words = model.words(tokens, np.ones(len(tokens.ids), bool))
    return words + model.groups(found, len(texts)) + model.signs(tokens.texts)


def test_runtime_scores_are_those_of_scikit_learn(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(trained.weights().to_bytes())
    texts = [*TEXTS, *ASKED]
    runtime = log_odds(EmotionModel(path), texts) / UNITS
    # Each weight is rounded to 1/4096, and a comment adds up about as many of them as it has letters.
    assert runtime == pytest.approx(trained.log_odds(texts), abs=0.05)
    assert np.abs(runtime).max() > 1


def test_same_rows_give_the_same_bytes(trained: Trained) -> None:
    assert train(TEXTS, labels_of(TEXTS)).weights().to_bytes() == trained.weights().to_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not BRIGHTER.is_dir(), reason="BRIGHTER is not beside the project")
def test_training_on_brighter_gives_the_scores_of_the_weights_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    assert main(["--out", str(path)]) == 0
    texts, _ = read_brighter(BRIGHTER)
    again, shipped = (log_odds(EmotionModel(file), texts[:200]) / UNITS for file in (path, WEIGHTS))
    # Other processors multiply in another order, so the bytes may differ in the last unit, and no more than that.
    assert again == pytest.approx(shipped, abs=0.02)


def test_training_without_the_data_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "name the folder" in capsys.readouterr().err


def test_the_weights_file_is_small_and_comes_with_its_attribution() -> None:
    assert WEIGHTS.stat().st_size < 200_000
    assert Weights.from_bytes(WEIGHTS.read_bytes()).to_bytes() == WEIGHTS.read_bytes()
    card = (DATA / "emotions_model.md").read_text(encoding="utf-8")
    assert "BRIGHTER" in card and "CC BY 4.0" in card and "Muhammad" in card


def word_scores(model: EmotionModel, texts: list[str]) -> Integers:
    tokens = tokenise(texts)
    return model.words(tokens, np.ones(len(tokens.ids), bool))


def test_scores_add_up_per_distinct_word() -> None:
    one, other, both, twice = word_scores(MODEL, ["xqwz", "bicicleta", "xqwz bicicleta", "xqwz xqwz"]).tolist()
    assert both == [a + b for a, b in zip(one, other, strict=True)]
    assert twice == one
    assert any(one)


def test_a_word_is_scored_the_same_alone_and_among_many() -> None:
    words = ["feliz", "llorando", "asco", "a", "ñandú", "😭", "abcdefghijklmnopqrstuvwxyz"]
    together = word_scores(EmotionModel(), words)
    assert together.tolist() == [word_scores(EmotionModel(), [word])[0].tolist() for word in words]


def test_groups_other_than_those_of_the_training_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.toml"
    path.write_text(LEXICON.read_text(encoding="utf-8") + '\nnuevo = ["x"]\n', encoding="utf-8")
    with pytest.raises(LexiconError, match="run make train"):
        EmotionModel(lexicon=path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"there is no section \[groups\]"),
        ("[grupos]\n", 'line 1: unknown section "grupos"'),
        ('[groups]\njoy = "x"\n', r"line 2: in \[groups\], joy must be a list"),
    ],
)
def test_errors_of_the_lexicon_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "lexicon.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LexiconError, match=message) as caught:
        EmotionModel(lexicon=path)
    assert "lexicon.toml" in str(caught.value)


def test_scores_are_the_same_on_every_machine() -> None:
    """On every Python, numpy and processor: they are sums of whole numbers and one table."""
    texts = ["Te amo jajaja 😂", "qué miedo, no puedo dormir...", "los odio", "Excelente servicio!!", "no funciona"]
    assert EmotionAnalyzer("social").score(texts).tolist() == SOCIAL_SCORES


SOCIAL_SCORES = [
    [264, 815, 458, 9979, 257, 1629],
    [144, 432, 9992, 255, 443, 4044],
    [8698, 7728, 905, 1647, 1315, 1950],
    [1680, 1936, 593, 8584, 642, 6078],
    [3782, 4346, 1590, 3385, 2080, 3994],
]


@given(st.lists(st.text("AÁBbáÉ1 !😡", max_size=12)), st.integers(0, 3))
def test_shouting_has_eight_characters_and_no_small_letter(texts: list[str], start: int) -> None:
    some = pa.array(texts, pa.string())[start:]
    expected = pc.and_(pc.utf8_is_upper(some), pc.greater_equal(pc.utf8_length(some), 8))
    assert shouting(some).tolist() == expected.to_pylist()


@pytest.mark.parametrize(
    ("text", "loud"), [("NO ANDA!", True), ("NO ANDA", False), ("No ANDA!", False), ("ÑANDU ES", True)]
)
def test_shouting_examples(text: str, loud: bool) -> None:
    assert shouting(pa.array([text])).tolist() == [loud]
