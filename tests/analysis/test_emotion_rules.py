"""The domain layer: evidence, negation with scope, degrees, emphasis, and files of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.analysis.emotion_model import EMOTIONS
from include.analysis.emotion_rules import RULES, DomainRules, read_rules
from include.analysis.emotions import EmotionAnalyzer, EmotionsAnalysis
from include.analysis.errors import LexiconError
from include.analysis.matching import PhraseMatcher
from include.analysis.text import tokenise

ANGER, JOY = EMOTIONS.index("anger"), EMOTIONS.index("joy")
ANALYZER = EmotionAnalyzer()

SMALL = """[scale]
model_percent = 0
[scale.offset]
anger = -400
disgust = -400
fear = -400
joy = -400
sadness = -400
surprise = -400
[levels]
strong = 700
weak = 100
against = -300
[degree.more]
reach = 1
percent = 150
words = ["muy"]
[degree.less]
reach = 2
percent = 50
words = ["un poco"]
[emphasis]
shouting = 40
exclamation = 20
[negation]
negators = ["no", "sin"]
breakers = ["pero"]
[negation.scope]
anger = 1
disgust = 1
fear = 1
joy = 2
sadness = 1
surprise = 1
[negation.becomes]
joy = { sadness = "weak" }
[neutral]
phrases = ["rico tipo"]
[anger]
strong = ["no anda"]
[disgust]
[fear]
[joy]
strong = ["rico", "anda"]
against = ["caro"]
[sadness]
weak = ["uf"]
[surprise]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "emotions.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def evidence(tmp_path: Path):
    rules = DomainRules(read_rules(write(tmp_path, SMALL)))

    def of(comment: str) -> dict[str, int]:
        tokens = tokenise([comment])
        found, _ = rules.weigh(tokens, PhraseMatcher(rules.phrases).find(tokens))
        return {emotion: weight for emotion, weight in zip(EMOTIONS, found[0].tolist(), strict=True) if weight}

    return of


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("rico", {"joy": 700}),
        ("rico y rico", {"joy": 1400}),
        ("rico pero caro", {"joy": 400}),
        ("es muy rico", {"joy": 1050}),
        ("muy muy caro", {"joy": -300}),  # more of what speaks against is no more
        ("un poco rico", {"joy": 350}),
        ("no es rico", {"sadness": 100}),
        ("no es tan rico", {"joy": 700}),  # beyond the scope
        ("no pero rico", {"joy": 700}),
        ("no. rico", {"joy": 700}),
        ("no anda", {"anger": 700}),  # a phrase with a negator in it says what it says
        ("sin no anda", {"anger": 700}),
        ("no es muy rico", {"joy": 1050}),
        ("rico tipo", {}),
        ("uf", {"sadness": 100}),
        ("QUE RICO ES", {"joy": 740}),
        ("rico!!", {"joy": 720}),
        ("uf!! rico", {"joy": 720, "sadness": 120}),
        ("!!", {}),
    ],
)
def test_what_a_comment_is_evidence_of(evidence, comment: str, expected: dict[str, int]) -> None:
    assert evidence(comment) == expected


def test_same_words_are_evidence_once_and_the_strongest_counts(tmp_path: Path) -> None:
    text = SMALL.replace('["rico", "anda"]', '["ric*"]\nweak = ["rico"]')
    scores = EmotionAnalyzer(rules=write(tmp_path, text)).score(["rico", "ric rico"])[:, JOY].tolist()
    assert scores == EmotionAnalyzer(rules=write(tmp_path, SMALL)).score(["rico", "rico rico"])[:, JOY].tolist()


@pytest.mark.parametrize(
    ("said", "negated"),
    [
        ("feliz", "no me siento feliz"),
        ("excelente", "nunca fue excelente"),
        ("bueno", "no es bueno"),
        ("conforme", "no estoy para nada conforme"),
    ],
)
def test_negated_joy_is_no_joy_but_anger(said: str, negated: str) -> None:
    assert ANALYZER.score([said])[0, JOY] > ANALYZER.score([negated])[0, JOY]
    assert ANALYZER.score([negated])[0, ANGER] >= 5000


@pytest.mark.parametrize("comment", ["no me quejo", "nunca me falló", "no tengo problemas", "sin ningún problema"])
def test_negated_trouble_is_joy(comment: str) -> None:
    assert ANALYZER.score([comment])[0, JOY] >= 5000
    assert ANALYZER.score([comment])[0, ANGER] < 5000


@pytest.mark.parametrize("comment", ["no, excelente", "No. Excelente", "no funciona pero excelente"])
def test_negation_stops_at_marks_and_breakers(comment: str) -> None:
    assert ANALYZER.score([comment])[0, JOY] >= 5000


def test_negation_does_not_leave_its_comment() -> None:
    assert ANALYZER.score(["no", "excelente"])[1].tolist() == ANALYZER.score(["excelente"])[0].tolist()


def test_a_share_of_the_model_reads_the_words_that_no_rule_reads(tmp_path: Path) -> None:
    with_model = EmotionAnalyzer(rules=write(tmp_path, SMALL.replace("model_percent = 0", "model_percent = 100")))
    alone = EmotionAnalyzer(rules=write(tmp_path, SMALL))
    assert with_model.score(["rico"]).tolist() == alone.score(["rico"]).tolist()
    assert with_model.score(["rico te amo"])[0, JOY] > alone.score(["rico te amo"])[0, JOY]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"there is no section \[levels\]"),
        (SMALL + "[enojo]\n", 'line 49: unknown section "enojo"'),
        (SMALL.replace("anger = -400", 'anger = "x"', 1), r"line 4: anger in \[scale.offset\] must be a whole number"),
        (SMALL.replace("strong = 700", "strong = 9000"), r"line 11: strong in \[levels\]"),
        (SMALL.replace('"anda"]', '\n"a, b"]'), 'line 45: "a, b": .*punctuation'),
        (SMALL.replace('strong = ["rico"', 'fuerte = ["rico"'), 'line 44: unknown key "fuerte"'),
        (SMALL.replace("joy = 2\n", ""), r"joy in \[negation.scope\]"),
        (SMALL.replace('sadness = "weak"', 'pena = "weak"'), '"pena = weak" is not'),
        (SMALL.replace("[surprise]", ""), r"there is no section \[surprise\]"),
        (SMALL.replace('["uf"]', '"uf"'), r"in \[sadness\], weak must be a list"),
        (
            SMALL.replace('against = ["caro"]', 'against = ["RICO"]'),
            r'"RICO" is twice in \[joy\], in strong and against',
        ),
        (SMALL.replace("percent = 50", "percent = -1"), r"percent in \[degree.less\]"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message) as caught:
        EmotionsAnalysis(rules=write(tmp_path, text))
    assert "emotions.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fingerprint_follows_the_rules(tmp_path: Path) -> None:
    own = write(tmp_path, RULES.read_text(encoding="utf-8") + "\n# a comment\n")
    assert EmotionsAnalysis(rules=own).fingerprint() != EmotionsAnalysis().fingerprint()
