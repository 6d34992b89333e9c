"""Emotions of comments: what a careful reader would say, the two domains, merge-able sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis.analysis import Partial
from include.analysis.emotions import EMOTIONS, NEUTRAL, EmotionAnalyzer, EmotionsAnalysis
from include.analysis.errors import SettingError
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
    ("Es increíble que sigan sin solucionar", "anger surprise"),
    ("Lo único que funciona bien es la cobranza", "anger"),
    ("Qué asco de empresa", "disgust anger"),
    ("Me dan asco 🤮", "disgust anger"),
    ("nunca más contrato esta porquería", "disgust anger"),
    ("El baño de la sucursal es un asco", "disgust"),
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
    ("El servicio es increíble", "joy surprise"),
    ("nada mal", "joy"),
    ("Qué lástima, antes era mejor", "sadness"),
    ("muy decepcionada 😞", "sadness"),
    ("añembyasy", "sadness"),
    ("me siento abandonado como cliente", "sadness"),
    ("No puedo creer lo rápido que anda", "surprise joy"),
    ("quede gratamente sorprendido", "surprise joy"),
    ("wow", "surprise"),
    ("¿Cuándo llega la fibra a Luque?", ""),
    ("Por favor revisen la línea", ""),
    ("normal", ""),
    ("más o menos nomás", ""),
    ("ni bien ni mal", ""),
    ("vai vai", ""),
    ("no es tan malo", ""),
    ("sin problemas", ""),
    ("Buenas noches, quisiera cambiar la clave", ""),
    ("disculpen la molestia", ""),
    ("No estoy molesto", ""),
    ("no tengo miedo de cambiar", ""),
    ("El router tiene dos antenas", ""),
    ("Se cambió el plan en marzo", ""),
    ("ojalá mejoren", ""),
    ("me encantaría tener más megas", ""),
    ("Gracias", ""),
    ("a lo mejor cambio de plan", ""),
    ("El internet es rápido", ""),
    ("", ""),
    ("   ", ""),
    ("...", ""),
    (None, ""),
]


def present(analyzer: EmotionAnalyzer, comment: str | None) -> set[str]:
    frame = analyzer.analyze([comment])
    return {emotion for emotion in EMOTIONS if frame[f"is_{emotion}"][0]}


@pytest.mark.parametrize(("comment", "expected"), COMMENTS)
def test_emotions_a_reader_would_name(comment: str | None, expected: str) -> None:
    emotions = set(expected.split())
    found = present(ANALYZER, comment)
    assert found <= emotions
    assert bool(found) == bool(emotions)
    assert ANALYZER.analyze([comment])["emotion"][0] in (emotions or {NEUTRAL})


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("te amo jajaja", "joy"),
        ("😂😂", "joy"),
        ("me hizo llorar", "sadness"),
        ("los odio a todos", "anger"),
        ("omg", "surprise"),
        ("me cago de miedo", "fear"),
    ],
)
def test_social_media(comment: str, expected: str) -> None:
    assert SOCIAL.analyze([comment])["emotion"][0] == expected


def test_an_insult_is_anger_and_disgust_in_social_media() -> None:
    assert present(SOCIAL, "son unos idiotas") == {"anger", "disgust"}


def test_courtesy_is_joy_in_social_media_only() -> None:
    assert present(ANALYZER, "muchas gracias") == set()
    assert present(SOCIAL, "muchas gracias") == {"joy"}


def test_a_comment_without_a_word_or_symbol_scores_zero_in_both_domains() -> None:
    for analyzer in (ANALYZER, SOCIAL):
        assert not analyzer.score(["", " ", "...", "?!", None]).any()
        assert analyzer.score(["hola"]).any()


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


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=6), st.sampled_from([ANALYZER, SOCIAL]))
def test_any_text_scores_between_0_and_1_whatever_stands_beside_it(
    texts: list[str | None], analyzer: EmotionAnalyzer
) -> None:
    scores = analyzer.score(texts)
    assert scores.shape == (len(texts), 6)
    assert ((scores >= 0) & (scores <= 10_000)).all()
    assert [analyzer.score([text])[0].tolist() for text in texts] == scores.tolist()


def test_summary_adds_up_what_the_rows_say() -> None:
    texts = ["pésimo", "un desastre", "me encanta", "hola", None, "  "]
    said = ANALYZER.analyze(texts[:4])
    section = ANALYSIS.summarise(ANALYSIS.analyse(rows_of(texts)).partial)
    assert section["emotion_distribution"] == {e: pytest.approx(said[e].mean(), abs=1e-4) for e in EMOTIONS}
    counts = dict.fromkeys((*EMOTIONS, NEUTRAL), 0)
    assert section["dominant_emotion_counts"] == counts | {"anger": 2, "joy": 1, "neutral": 1}
    assert section["most_common_emotion"] == "anger"
    assert section["present_counts"] == dict.fromkeys(EMOTIONS, 0) | {"anger": 2, "joy": 1}
    assert section["total_analyzed_comments"] == 4
    assert section["high_intensity_count"] == int((said[list(EMOTIONS)].sum(axis=1) > 0.7).sum()) == 3


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
    assert answers["anger"].to_pylist() == ANALYZER.analyze(["pésimo", None, "hola"])["anger"].tolist()


@settings(max_examples=40, deadline=None)
@given(columns_of([text for text, _ in COMMENTS if text]), CUTS, st.randoms(use_true_random=False))
def test_no_split_and_no_order_changes_the_answer(texts: list[str | None], cuts: list[int], random: Any) -> None:
    check_any_split(ANALYSIS, texts, cuts, random)


def test_unknown_domain() -> None:
    with pytest.raises(SettingError, match=r'"press".*feedback and social'):
        EmotionAnalyzer("press")


def test_fingerprint_follows_the_domain() -> None:
    assert EmotionsAnalysis().fingerprint() == ANALYSIS.fingerprint() != EmotionsAnalysis("social").fingerprint()
