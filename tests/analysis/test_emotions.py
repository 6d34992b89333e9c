"""Emotions of comments: what a careful reader would say, negation, merge-able sums, lexicon files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis.analysis import Partial
from include.analysis.emotions import EMOTIONS, LEXICON, NEUTRAL, EmotionAnalyzer, EmotionsAnalysis
from include.analysis.errors import LexiconError, SettingError
from tests.analysis.splits import CUTS, check_any_split, columns_of, rows_of

ANALYZER = EmotionAnalyzer()
SOCIAL = EmotionAnalyzer("social")
ANALYSIS = EmotionsAnalysis()

COMMENTS = [
    ("Estoy harto de que se corte todas las noches", "anger"),
    ("ESTAMOS INDIGNADOS CON USTEDES", "anger"),
    ("pesimo servisio", "anger"),
    ("Malísimooooo", "anger"),
    ("Son unos ladrones, me estafaron", "anger"),
    ("Una vergüenza, nadie responde", "anger"),
    ("q bronca me da", "anger"),
    ("sin internet pesimo servicio", "anger"),
    ("No anda y nadie contesta", "anger"),
    ("muy lento y se corta", "anger"),
    ("no lo recomiendo", "anger"),
    ("No estoy contenta con el servicio", "anger"),
    ("no es para nada bueno", "anger"),
    ("che pochy ko internet ndive", "anger"),
    ("japiro", "anger"),
    ("otra vez sin señal 😡", "anger"),
    ("Es increíble que sigan sin solucionar", "anger"),
    ("Qué asco de empresa", "disgust"),
    ("Me dan asco 🤮", "disgust"),
    ("nunca más contrato esta porquería", "disgust"),
    ("Me da miedo ese cable suelto en la vereda", "fear"),
    ("estoy preocupada por mis datos", "fear"),
    ("akyhyje de que me corten", "fear"),
    ("Excelente servicio, los felicito", "joy"),
    ("EXELENTE ATENSION", "joy"),
    ("no me quejo, nunca tuve problemas", "joy"),
    ("Nunca me falló", "joy"),
    ("No hay quejas, todo perfecto", "joy"),
    ("muy bueno", "joy"),
    ("buenísimooo", "joy"),
    ("Rohayhu Personal", "joy"),
    ("Avy'a, iporãiterei che internet", "joy"),
    ("El técnico fue muy amable", "joy"),
    ("Me encanta ❤️", "joy"),
    ("lo recomiendo", "joy"),
    ("El servicio es increíble", "joy"),
    ("Qué lástima, antes era mejor", "sadness"),
    ("muy decepcionada 😞", "sadness"),
    ("añembyasy", "sadness"),
    ("me siento abandonado como cliente", "sadness"),
    ("No puedo creer lo rápido que anda", "surprise"),
    ("quede gratamente sorprendido", "surprise"),
    ("wow", "surprise"),
    ("¿Cuándo llega la fibra a Luque?", "neutral"),
    ("Por favor revisen la línea", "neutral"),
    ("normal", "neutral"),
    ("más o menos nomás", "neutral"),
    ("ni bien ni mal", "neutral"),
    ("vai vai", "neutral"),
    ("no es tan malo", "neutral"),
    ("sin problemas", "neutral"),
    ("Buenas noches, quisiera cambiar la clave", "neutral"),
    ("disculpen la molestia", "neutral"),
    ("No estoy molesto", "neutral"),
    ("no tengo miedo de cambiar", "neutral"),
    ("El router tiene dos antenas", "neutral"),
    ("Se cambió el plan en marzo", "neutral"),
    ("ojalá mejoren", "neutral"),
    ("me encantaría tener más megas", "neutral"),
    ("Gracias", "neutral"),
    ("a lo mejor cambio de plan", "neutral"),
    ("El internet es rápido", "neutral"),
    ("", "neutral"),
    ("   ", "neutral"),
    ("...", "neutral"),
    (None, "neutral"),
]


@pytest.mark.parametrize(("comment", "expected"), COMMENTS)
def test_emotion_a_reader_would_name(comment: str | None, expected: str) -> None:
    assert ANALYZER.analyze([comment])["emotion"][0] == expected


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("te amo jajaja", "joy"),
        ("😂😂", "joy"),
        ("me hizo llorar", "sadness"),
        ("son unos idiotas", "disgust"),
        ("los odio a todos", "anger"),
        ("omg", "surprise"),
        ("me cago de miedo", "fear"),
    ],
)
def test_social_media(comment: str, expected: str) -> None:
    assert SOCIAL.analyze([comment])["emotion"][0] == expected


def test_social_needs_less_than_feedback() -> None:
    assert ANALYZER.analyze(["muchas gracias"])["emotion"][0] == NEUTRAL
    assert SOCIAL.analyze(["muchas gracias"])["emotion"][0] == "joy"
    assert (SOCIAL.score(["pésimo"]) > ANALYZER.score(["pésimo"]))[0, 0]


@pytest.mark.parametrize(
    ("said", "negated"),
    [("feliz", "no me siento feliz"), ("excelente", "nunca fue excelente"), ("genial", "no me parece nada genial")],
)
def test_negated_joy_is_no_joy_but_some_anger(said: str, negated: str) -> None:
    joy, anger = EMOTIONS.index("joy"), EMOTIONS.index("anger")
    assert ANALYZER.score([said])[0, joy] >= 5000
    assert ANALYZER.score([negated])[0, joy] == 0
    assert ANALYZER.score([negated])[0, anger] > 0


@pytest.mark.parametrize(
    "comment", ["no, excelente", "No. Excelente", "no funciona pero excelente", "sin problemas excelente"]
)
def test_negation_stops_at_marks_breakers_and_the_end_of_its_phrase(comment: str) -> None:
    assert ANALYZER.score([comment])[0, EMOTIONS.index("joy")] >= 5000


def test_negation_does_not_leave_its_comment() -> None:
    assert ANALYZER.score(["no", "excelente"])[1].tolist() == ANALYZER.score(["excelente"])[0].tolist()


def test_scores_come_in_and_are_what_the_lexicon_says() -> None:
    frame = ANALYZER.analyze(["pésimo", "pésimo y un desastre", "hola"])
    assert frame["anger"].tolist() == [0.5714, 0.7272, 0.0]
    assert frame["is_anger"].tolist() == [True, True, False]


def test_frame_columns_types_and_index() -> None:
    texts = pd.Series(["pésimo", None, "wow"], index=[7, 3, 9])
    frame = ANALYZER.analyze(texts)
    assert list(frame.columns) == [*EMOTIONS, *(f"is_{emotion}" for emotion in EMOTIONS), "emotion"]
    assert frame.index.tolist() == [7, 3, 9]
    assert frame["emotion"].tolist() == ["anger", "neutral", "surprise"]
    assert (frame[list(EMOTIONS)].dtypes == np.float64).all()
    assert (frame[[f"is_{emotion}" for emotion in EMOTIONS]].dtypes == np.bool_).all()
    assert ANALYZER.analyze(["a", "b"]).index.tolist() == [0, 1]
    assert ANALYZER.analyze([]).shape == (0, 13)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=10))
def test_any_text_has_scores_between_0_and_1(texts: list[str | None]) -> None:
    scores = ANALYZER.score(texts)
    assert scores.shape == (len(texts), 6)
    assert ((scores >= 0) & (scores < 10_000)).all()
    assert [ANALYZER.score([text])[0].tolist() for text in texts] == scores.tolist()


def test_summary() -> None:
    texts = ["pésimo", "un desastre", "me encanta", "hola", None, "  "]
    assert ANALYSIS.summarise(ANALYSIS.analyse(rows_of(texts)).partial) == {
        "emotion_distribution": {
            "anger": 0.2857,
            "disgust": 0.0,
            "fear": 0.0,
            "joy": 0.1818,
            "sadness": 0.0,
            "surprise": 0.0,
        },
        "dominant_emotion_counts": {
            "anger": 2,
            "disgust": 0,
            "fear": 0,
            "joy": 1,
            "sadness": 0,
            "surprise": 0,
            "neutral": 1,
        },
        "most_common_emotion": "anger",
        "present_counts": {"anger": 2, "disgust": 0, "fear": 0, "joy": 1, "sadness": 0, "surprise": 0},
        "total_analyzed_comments": 4,
        "high_intensity_count": 1,
    }


def test_ties_go_by_the_fixed_order() -> None:
    texts: list[str | None] = ["wow", "me encanta", "hola"]
    assert ANALYSIS.summarise(ANALYSIS.analyse(rows_of(texts)).partial)["most_common_emotion"] == "joy"


@pytest.mark.parametrize(
    "partial", [{}, ANALYSIS.analyse(rows_of([])).partial, ANALYSIS.analyse(rows_of([None, " "])).partial]
)
def test_summary_of_nothing(partial: Partial) -> None:
    section = ANALYSIS.summarise(partial)
    assert section["most_common_emotion"] is None
    assert section["total_analyzed_comments"] == section["high_intensity_count"] == 0
    assert set(section["emotion_distribution"].values()) == {0.0}
    assert section["dominant_emotion_counts"] == dict.fromkeys((*EMOTIONS, NEUTRAL), 0)


def test_answers_have_one_row_a_comment() -> None:
    answers = ANALYSIS.analyse(rows_of(["pésimo", None, "hola"])).answers
    assert answers.schema == ANALYSIS.schema
    assert answers["emotion"].to_pylist() == ["anger", "neutral", "neutral"]
    assert answers["anger"].to_pylist() == [0.5714, 0.0, 0.0]


@settings(max_examples=60, deadline=None)
@given(columns_of([text for text, _ in COMMENTS]), CUTS, st.randoms(use_true_random=False))
def test_no_split_and_no_order_changes_the_answer(texts: list[str | None], cuts: list[int], random: Any) -> None:
    check_any_split(ANALYSIS, texts, cuts, random)


SMALL = """[weights]
strong = 9
weak = 1
[domains.feedback]
half = 1
[domains.social]
half = 1
[negation]
negators = ["no"]
breakers = ["pero"]
[negation.scope]
anger = 1
disgust = 1
fear = 1
joy = 2
sadness = 1
surprise = 1
[negation.becomes]
joy = { sadness = "strong" }
[neutral]
phrases = ["rico tipo"]
[anger]
[disgust]
[fear]
[joy]
strong = ["rico"]
[sadness]
weak = ["uf"]
[surprise]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "emotions.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_lexicon_of_ones_own(tmp_path: Path) -> None:
    analyzer = EmotionAnalyzer(lexicon=write(tmp_path, SMALL))
    frame = analyzer.analyze(["rico", "no es rico", "no es muy rico", "rico tipo", "uf", "no pero rico"])
    assert frame["emotion"].tolist() == ["joy", "sadness", "joy", "neutral", "sadness", "joy"]
    assert analyzer.score(["rico", "uf"]).tolist() == [[0, 0, 0, 9000, 0, 0], [0, 0, 0, 0, 5000, 0]]


def test_same_words_are_evidence_once_and_the_strongest_counts(tmp_path: Path) -> None:
    text = SMALL.replace('["rico"]', '["rico", "ric*"]\nweak = ["rico", "rícó"]')
    assert EmotionAnalyzer(lexicon=write(tmp_path, text)).score(["rico", "rico rico"])[:, 3].tolist() == [9000, 9473]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"there is no section \[weights\]"),
        (SMALL + "[enojo]\n", 'line 30: unknown section "enojo"'),
        (SMALL.replace("strong = 9", "strong = 0"), r"line 2: strong in \[weights\] must be a whole number"),
        (SMALL.replace("half = 1", 'half = "x"', 1), r"line 5: half in \[domains.feedback\]"),
        (SMALL.replace('["rico"]', '["rico",\n"a, b"]'), 'line 27: "a, b": .*punctuation'),
        (SMALL.replace('strong = ["rico"]', 'fuerte = ["rico"]'), 'line 26: unknown key "fuerte"'),
        (SMALL.replace("joy = 2\n", ""), r"joy in \[negation.scope\]"),
        (SMALL.replace('sadness = "strong"', 'pena = "strong"'), 'line 19: "pena = strong" is not'),
        (SMALL.replace("[surprise]", ""), r"there is no section \[surprise\]"),
        (SMALL.replace('["uf"]', '"uf"'), r"line 28: in \[sadness\], weak must be a list"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message) as caught:
        EmotionsAnalysis(lexicon=write(tmp_path, text))
    assert "emotions.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_domain() -> None:
    with pytest.raises(SettingError, match=r'"press".*feedback and social'):
        EmotionAnalyzer("press")


def test_fingerprint_follows_lexicon_and_domain(tmp_path: Path) -> None:
    own = write(tmp_path, LEXICON.read_text(encoding="utf-8") + "\n# a comment\n")
    prints = {a.fingerprint() for a in (ANALYSIS, EmotionsAnalysis("social"), EmotionsAnalysis(lexicon=own))}
    assert len(prints) == 3
    assert EmotionsAnalysis().fingerprint() == ANALYSIS.fingerprint()
