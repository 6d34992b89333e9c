"""Taxonomy files: terms, weak terms, exclusions, and mistakes that are told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.analysis.errors import LexiconError
from include.analysis.taxonomy import load_taxonomy
from include.analysis.themes import ThemeAnalyzer, ThemesAnalysis

THEME = """[[theme]]
id = "a"
name_es = "A"
name_en = "A"
terms = ["perro*", "gato negro"]
exclude = ["perro caliente"]
"""
WEAK = """[[theme]]
id = "b"
name_es = "B"
name_en = "B"
terms = ["pez"]
weak = ["nada"]
yields_to = ["a"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "taxonomy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_taxonomy_of_ones_own(tmp_path: Path) -> None:
    analyzer = ThemeAnalyzer(write(tmp_path, THEME))
    texts = ["los perros", "un perro caliente", "perro caliente y perros", "gato, negro", "gato negro"]
    assert [bool(themes) for themes in analyzer.analyze(texts)] == [True, False, True, False, True]


def test_an_exclude_phrase_touches_its_own_theme_only(tmp_path: Path) -> None:
    other = THEME.replace('"a"', '"b"').split("exclude")[0]
    assert ThemeAnalyzer(write(tmp_path, THEME + other)).analyze(["perro caliente"]) == [("b",)]


def test_a_weak_term_yields_to_a_term_of_the_other_theme_in_its_clause(tmp_path: Path) -> None:
    analyzer = ThemeAnalyzer(write(tmp_path, 'breaks = ["pero"]\n' + THEME + WEAK))
    texts = ["nada", "un perro nada", "perro caliente nada", "pez perro"]
    assert analyzer.analyze(texts) == [("b",), ("a",), ("b",), ("a", "b")]


def test_a_weak_term_in_a_clause_without_terms_yields_to_those_of_the_clauses_beside_it(tmp_path: Path) -> None:
    third = THEME.replace('"a"', '"c"').replace("perro*", "mono").split("exclude")[0]
    analyzer = ThemeAnalyzer(write(tmp_path, 'breaks = ["pero"]\n' + THEME + WEAK + third))
    texts = ["un perro, nada", "nada... un perro", "un perro pero nada", "perro, un gato, nada", "perro, mono nada"]
    assert analyzer.analyze(texts) == [("a",), ("a",), ("a",), ("a", "b"), ("a", "b", "c")]
    assert analyzer.analyze(["perro", "nada", "perro"]) == [("a",), ("b",), ("a",)]


def test_a_list_of_words_stands_for_each_of_them(tmp_path: Path) -> None:
    lists = '[lists]\nanimal = ["mono", "oso*"]\n'
    text = lists + THEME.replace("perro*", "un <animal>").replace("negro", "blanco|<animal>")
    analyzer = ThemeAnalyzer(write(tmp_path, text))
    texts = ["un mono", "un osos", "el mono", "gato blanco", "gato mono", "gato", "un perro"]
    assert [bool(themes) for themes in analyzer.analyze(texts)] == [True, True, False, True, True, False, False]


def test_more_themes_than_a_machine_word_has_bits(tmp_path: Path) -> None:
    sections = [THEME.replace('"a"', f'"t{i}"').replace("perro*", f"palabra{i}") for i in range(80)]
    analyzer = ThemeAnalyzer(write(tmp_path, "".join(sections)))
    assert analyzer.analyze(["palabra79 palabra0", "palabra64"]) == [("t0", "t79"), ("t64",)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: there are no"),
        ("[[theme]\n", "line 1: is not valid TOML"),
        ("x = 1\n" + THEME, 'line 1: unknown entry "x"'),
        (THEME + 'trems = ["x"]\n', 'line 7: unknown key "trems"'),
        (THEME + THEME, 'line 8: there are two themes of id "a"'),
        (THEME.replace('"a"', '"A b"'), "line 2: a theme needs an id"),
        (THEME.replace('name_es = "A"\n', ""), 'theme "a" needs a name_es'),
        (THEME.replace('"gato negro"', "3"), 'line 5: in theme "a", terms must be a list of texts'),
        (THEME.replace('"gato negro"', '\n"gato, negro"'), 'line 6: "gato, negro": .*punctuation'),
        (THEME.replace("caliente", "*"), r'line 6: "perro \*"'),
        (THEME.replace('["perro*", "gato negro"]', "[]"), 'theme "a" has no terms'),
        (THEME + THEME.replace('"a"', '"b"').replace("gato negro", "x*"), 'line 11: "x'),
        (THEME + WEAK.replace('["a"]', '["c"]'), 'line 13: theme "b" yields to "c"'),
        (THEME + WEAK.replace('["a"]', '["b"]'), 'line 13: theme "b" yields to "b"'),
        (THEME + WEAK.replace('yields_to = ["a"]\n', ""), 'theme "b" needs both weak and yields_to'),
        (THEME.replace("gato negro", "gato ... "), r"a \.\.\. stands between two words"),
        (THEME.replace("gato negro", "gato|un perro| negro"), r"\|"),
        (
            THEME.replace("gato", "un <color>"),
            'line 5: "un <color> negro": there is no list "color"; this file has none',
        ),
        ('[lists]\nb = ["c"]\n' + THEME.replace("gato", "<color>"), 'line 7: .*no list "color"; there are b'),
        ('[lists]\ncolor = "rojo"\n' + THEME, "line 2: in .lists., color must be a list of texts"),
        ('[lists]\ncolor = ["rojo vivo"]\n' + THEME, 'line 2: "rojo vivo" in the list color must be a single word'),
        ("[lists]\ncolor = []\n" + THEME, "line 2: the list color is empty"),
        ("lists = 3\n" + THEME, "line 1: .lists. must be a section"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message) as caught:
        ThemesAnalysis(write(tmp_path, text))
    assert "taxonomy.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fingerprint_follows_the_taxonomy(tmp_path: Path) -> None:
    own, default = ThemesAnalysis(write(tmp_path, THEME)).fingerprint(), ThemesAnalysis().fingerprint()
    assert own != default == ThemesAnalysis().fingerprint()
    assert own != ThemesAnalysis(write(tmp_path, THEME + "# a comment\n")).fingerprint()


def test_every_term_of_the_default_taxonomy_is_written_once_and_found() -> None:
    """Each term stands in a text of its own words (the first of each choice), where nothing excludes it."""
    themes = load_taxonomy().themes
    analyzer = ThemeAnalyzer()
    for theme in themes:
        terms = [term for term in theme.terms if "..." not in term]
        assert len(set(theme.terms)) == len(theme.terms)
        texts = [" ".join(word.split("|")[0].replace("*", "") for word in term.split()) for term in terms]
        found = analyzer.analyze(texts)
        missed = [text for text, ids in zip(texts, found, strict=True) if theme.id not in ids]
        excludes = [exclude.replace("*", "") for exclude in theme.exclude]
        assert not [text for text in missed if not any(_overlap(text, exclude) for exclude in excludes)]


def _overlap(text: str, exclude: str) -> bool:
    """Whether an exclude phrase has a word of the text."""
    return any(word in choice.split("|") for word in text.split() for choice in exclude.split())
