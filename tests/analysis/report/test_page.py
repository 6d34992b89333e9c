"""`report.html` in a real browser: it asks for nothing, runs nothing, and can be read anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.analysis.report import ReportOptions, build
from tests.analysis.report import runs
from tests.analysis.report.programs import Opened, chromium
from tests.analysis.report.trends_file import write_trends
from tests.analysis.test_batch_processor import with_custom

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
OVERLAPPING = """() => {
  const found = [];
  for (const svg of document.querySelectorAll("svg")) {
    const boxes = [...svg.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect()])
      .filter(([, box]) => box.width);
    for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
      const [one, a] = boxes[i], [other, b] = boxes[j];
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) found.push(one + "|" + other);
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def folders(everyday: Path, hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of every kind, by name."""
    root = tmp_path_factory.mktemp("runs")
    rows = runs.sample_rows()
    exports = {
        "one row": runs.write(root / "one.csv", runs.HEAD, rows[1:2]),
        "all blank": runs.write(root / "blank.csv", runs.HEAD, [[*row[:4], " "] for row in rows]),
        "comments alone": runs.write(root / "alone.csv", runs.HEAD[-1:], [row[-1:] for row in rows]),
    }
    found = {name: runs.reported(root / name, export) for name, export in exports.items()}
    english = runs.reported(root / "english", runs.SAMPLE, language="en", trends=write_trends(root / "trends.json"))
    return {"everyday": everyday, "hostile": hostile, "english": english, **found, "partial": partial(root)}


def partial(root: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        with_custom(patch, "poisoned")
        rows = [*runs.sample_rows(), ["2025-03-01", "1", "Detractor", "1", "un veneno"]]
        export = runs.write(root / "partial.csv", runs.HEAD, rows)
        return runs.reported(root / "partial", export, ["emotions", "poisoned"])


NAMES = ["everyday", "english", "one row", "all blank", "comments alone", "partial", "hostile"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", NAMES)
def test_it_asks_for_nothing_complains_of_nothing_and_fits(
    browser: Any, folders: dict[str, Path], name: str, viewport: dict[str, int]
) -> None:
    path = folders[name] / "report.html"
    with Opened.file(browser, path, viewport=viewport) as opened:
        assert opened.messages == []
        assert [url for url in opened.requests if url != path.as_uri() and not url.startswith("data:")] == []
        assert opened.ask("document.documentElement.scrollWidth <= innerWidth")
        assert opened.ask(OVERLAPPING) == []
        unsaid = "[...document.querySelectorAll('svg')].filter(one => !one.closest('svg[aria-label], [aria-hidden]'))"
        assert opened.ask(f"{unsaid}.length") == 0
        assert opened.ask("[...document.querySelectorAll('figure')].every(one => one.querySelector('table'))")
        assert opened.ask("new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size") == opened.ask(
            "document.querySelectorAll('[id]').length"
        )


def test_nothing_of_a_hostile_export_runs(browser: Any, hostile: Path) -> None:
    with Opened.file(browser, hostile / "report.html") as opened:
        assert opened.ask("window.pwned") is None
        assert (
            opened.ask("document.querySelectorAll('script, img, iframe, object, form, [onerror], [onload]').length")
            == 0
        )
        assert opened.ask("document.querySelectorAll('style').length") == 1
        assert opened.ask("document.querySelector('h1').textContent") == runs.HOSTILE_NAME
        assert opened.ask("getComputedStyle(document.body).display") == "block"
        text = opened.ask("document.body.textContent")
        assert runs.SCRIPT in text
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", text)
        links = opened.ask("[...document.querySelectorAll('a')].map(one => one.getAttribute('href'))")
        assert all(link.startswith("#") for link in links)


def test_a_script_in_the_page_would_not_run_either(browser: Any, everyday: Path, tmp_path: Path) -> None:
    page = (everyday / "report.html").read_text(encoding="utf-8")
    worse = page.replace("<main>", f"<main>{runs.SCRIPT}<p id=styled style='color: rgb(1, 2, 3)'>x</p>")
    (tmp_path / "worse.html").write_text(worse, encoding="utf-8")
    with Opened.file(browser, tmp_path / "worse.html") as opened:
        assert opened.ask("window.pwned") is None
        assert opened.ask("getComputedStyle(document.getElementById('styled')).color") != "rgb(1, 2, 3)"
        assert any("Content Security Policy" in message for message in opened.messages)


def test_what_is_missing_is_said_first(browser: Any, folders: dict[str, Path]) -> None:
    with Opened.file(browser, folders["partial"] / "report.html") as opened:
        banner = opened.ask("document.querySelector('main').firstElementChild.innerText")
    assert banner.startswith("Resultados incompletos: faltan respuestas\n")
    assert "Falta la respuesta de poisoned en 1 fila" in banner
    assert "quarantine.csv" in banner


def test_sections_come_and_go_with_their_columns(browser: Any, folders: dict[str, Path]) -> None:
    def sections(name: str) -> set[str]:
        with Opened.file(browser, folders[name] / "report.html") as opened:
            return set(opened.ask("[...document.querySelectorAll('section[id]')].map(one => one.id)"))

    everyday = sections("everyday")
    assert {"emotions", "themes", "cross", "time", "scores", "repeated", "examples", "quality", "run"} < everyday
    assert everyday - sections("comments alone") == {"time", "scores"}
    assert "history" in sections("english")
    assert "custom-poisoned" in sections("partial")


def test_dark_mode_is_dark_and_paper_is_white(browser: Any, everyday: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with Opened.file(browser, everyday / "report.html", color_scheme="dark") as opened:
        assert opened.ask(background) == "rgb(15, 18, 22)"
        opened.page.emulate_media(media="print")
        assert opened.ask(background) == "rgb(255, 255, 255)"
        assert opened.ask("getComputedStyle(document.querySelector('details.data')).display") == "none"
        printed = opened.page.pdf(prefer_css_page_size=True)
    [box] = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed))
    assert [round(float(points) / 72 * 25.4) for points in box] == [210, 297]


def test_the_same_results_give_the_same_page(everyday: Path) -> None:
    files = ["report.html", "report.xlsx", "comments_unique.csv", "comments_unique.parquet"]
    before = [(everyday / name).read_bytes() for name in files]
    assert [path.name for path in build(everyday, ReportOptions())] == files
    assert [(everyday / name).read_bytes() for name in files] == before
