"""What is counted for the report beyond the sections of the results, and what it says needs attention."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from include.analysis.report.attention import findings, z_score
from include.analysis.report.columns import NO_SCORE, nps_groups, recognise, scores
from include.analysis.report.content import Content
from include.analysis.report.figures import Figures, figures_of, theme_names
from include.analysis.report.language import Language
from include.analysis.report.options import ReportOptions
from include.analysis.report.stored import StoredRun
from include.analysis.report.survey import survey
from include.analysis.report.trends import read_trends
from tests.analysis.report import runs
from tests.analysis.report.trends_file import write_trends

ES = Language.load("es")
BAD, GOOD = "me cobraron de más en la factura, qué bronca, estoy harto", "excelente servicio, muy contento"


def counted(folder: Path) -> Figures:
    return content_of(folder).figures


def content_of(folder: Path, trends: Path | None = None) -> Content:
    run = StoredRun.load(folder)
    found = survey(run)
    figures = figures_of(run, found.tally, theme_names(run, found.tally, ES))
    return Content(run, figures, found.examples, read_trends(trends), ReportOptions(), ES)


@pytest.fixture(scope="module")
def drift(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three months in which the last is worse."""
    rows = [
        [f"{i % 28 + 1:02d}/{month:02d}/2025", "2" if bad else "9", BAD if bad else GOOD]
        for month in (1, 2, 3)
        for i in range(280)
        for bad in [i % 10 < (6 if month == 3 else 1)]
    ]
    root = tmp_path_factory.mktemp("drift")
    return runs.reported(root / "run", runs.write(root / "x.csv", ["Fecha", "Nota", "Comentario"], rows))


def test_counts_are_those_of_the_sections(everyday: Path) -> None:
    run, figures = StoredRun.load(everyday), counted(everyday)
    assert figures.split is not None
    assert dict(figures.split.counts) == run.section("emotions")["dominant_emotion_counts"]
    assert {theme.id: theme.mentions for theme in figures.themes} == {
        one["theme"]: one["mentions"] for one in run.section("themes")["top_themes"] if one["mentions"]
    }
    assert figures.scores is not None
    assert figures.scores.count == 101
    assert figures.timeline is not None
    assert sum(period.comments for period in figures.timeline.periods) == figures.comments == 99


def test_nps_is_promoters_less_detractors(drift: Path) -> None:
    figures = counted(drift)
    assert figures.nps is not None
    assert dict(figures.nps.counts) == {"detractor": 224, "passive": 0, "promoter": 616}
    assert figures.nps.value == round(100 * (616 - 224) / 840)


def test_what_grew_worse_needs_attention(drift: Path) -> None:
    told = [finding.text for finding in findings(content_of(drift))]
    assert any(text.startswith("Facturación y cobros: el 100,0") for text in told)
    assert any(text.startswith("Los comentarios negativos subieron") for text in told)
    assert all(text in (drift / "report.html").read_text(encoding="utf-8") for text in told)


def test_an_even_course_needs_none(everyday: Path) -> None:
    assert not [finding for finding in findings(content_of(everyday)) if "subieron" in finding.text]
    assert z_score(5, 10, 50, 100) == 0
    assert z_score(90, 100, 10, 100) > 10


def test_what_changed_in_the_history_comes_first(everyday: Path, tmp_path: Path) -> None:
    first, *_ = findings(content_of(everyday, write_trends(tmp_path / "trends.json")))
    assert first.text == (
        "Subió Facturación y cobros: 40,0\N{NO-BREAK SPACE}% de los comentarios, 20 mar 2025 "
        "(antes, 5,0\N{NO-BREAK SPACE}%)."
    )
    assert first.grave


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["Fecha", "Nota", "NPS", "Comentario"], ("Fecha", "Nota", "NPS")),
        (["FECHA de respuesta", "Puntaje", "Comentario"], ("FECHA de respuesta", "Puntaje", None)),
        (["Nota NPS", "Comentario"], (None, "Nota NPS", None)),
        (["Comentario"], (None, None, None)),
        (["Fecha de nacimiento", "Comentario"], (None, None, None)),
    ],
)
def test_columns_are_recognised_by_name(names: list[str], found: tuple[str | None, ...]) -> None:
    columns = recognise(names, "Comentario")
    assert (columns.date, columns.score, columns.nps) == found


def test_scores_and_groups_are_read_as_people_write_them() -> None:
    assert scores(pa.array(["8", " 8,5 ", "8.5", "ocho", "", "1e3"])).tolist() == [800, 850, 850, *[NO_SCORE] * 3]
    assert nps_groups(pa.array(["Promotor", "PASIVO", "detractora", "10", "7", "0", "?"])).tolist() == [
        2, 1, 0, 2, 1, 0, -1,
    ]  # fmt: skip
