"""The page in a real browser, inside Airflow's frame and on its own, and the official client beside it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.analysis.files import read_json
from include.local_airflow.home import HOST, USER
from tests.analysis.report.programs import chromium
from tests.dags.deployment import Deployment, deployment
from tests.exports import write_export

pytestmark = pytest.mark.slow

PAGE = "comment-analysis/"
ROWS = 60_000
VIEWPORT = {"width": 1280, "height": 900}
PATIENCE = 180.0


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "inbox").mkdir()
    own = {
        "COMMENT_ANALYSIS_INBOX": str(folder / "inbox"),
        "COMMENT_ANALYSIS_SCHEDULE": "off",
    }
    with deployment(folder, own=own) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


class Visitor:
    """A user of the browser, who is logged in."""

    def __init__(self, browser: Any, airflow: Deployment, **options: Any) -> None:
        self.context = browser.new_context(viewport=VIEWPORT, locale="es-PY", accept_downloads=True, **options)
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.root = f"http://{HOST}:{airflow.port}/"
        self.complaints: list[str] = []
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.password = airflow.home.password

    def note(self, message: Any) -> None:
        if message.type == "error" and PAGE in str(message.location.get("url", "")):
            self.complaints.append(message.text)

    def log_in(self) -> None:
        """Through the form, as people do."""
        self.page.goto(self.root)
        self.page.fill("input[name=username]", USER)
        self.page.fill("input[name=password]", self.password)
        self.page.get_by_role("button", name=re.compile("sign in|iniciar|log in", re.I)).click()
        self.page.get_by_role("link", name=re.compile("Dags", re.I)).first.wait_for()

    def open_from_navigation(self) -> Any:
        """The page in Airflow's frame."""
        self.page.get_by_role("button", name=re.compile("browse|explorar|navegar|examinar", re.I)).click()
        self.page.get_by_role("menuitem", name="Comment analysis").click()
        return self.page.frame_locator("iframe")


@pytest.fixture
def visitor(browser: Any, airflow: Deployment) -> Iterator[Visitor]:
    found = Visitor(browser, airflow)
    found.log_in()
    yield found
    found.context.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go."""
    return tmp_path_factory.mktemp("shots")


def watched(frame: Any, page: Any, shot: Path) -> list[float]:
    """What the bar showed until the job had ended."""
    bar = frame.get_by_role("progressbar", name="Avance del análisis")
    bar.wait_for()
    seen: list[float] = []
    deadline = time.monotonic() + PATIENCE
    while 100 not in seen:
        assert time.monotonic() < deadline, seen
        value = bar.get_attribute("value")
        if value is not None and (not seen or float(value) != seen[-1]):
            seen.append(float(value))
            if 20 < seen[-1] < 99 and not shot.exists():
                page.screenshot(path=shot)
        page.wait_for_timeout(200)
    return seen


def test_an_analyst_uploads_previews_starts_watches_reads_filters_and_downloads(
    visitor: Visitor, airflow: Deployment, shots: Path, tmp_path: Path
) -> None:
    frame, page = visitor.open_from_navigation(), visitor.page
    frame.get_by_role("heading", name="Elija el archivo").wait_for()
    page.screenshot(path=shots / "1-new.png")
    export = write_export(tmp_path / "Encuesta de marzo.csv", ROWS)
    frame.get_by_label("Subir un archivo").set_input_files(export)
    frame.get_by_text("Se subió Encuesta de marzo.csv.").first.wait_for()
    frame.get_by_role("table").wait_for()
    facts = frame.locator("#preview-title + div dl").inner_text()
    assert "Comentario Final (detectado)" in facts and "utf-8 (detectado)" in facts
    frame.get_by_text("Corregir cómo se lee").click()
    frame.get_by_text("Lotes, procesos y memoria").click()
    frame.get_by_label("Filas por lote").fill("10000")
    frame.get_by_text("× 10.000").wait_for()
    page.screenshot(path=shots / "2-preview.png")
    frame.get_by_role("button", name="Empezar el análisis").click()
    seen = watched(frame, page, shots / "3-progress.png")
    assert seen == sorted(seen)
    assert any(0 < value < 99 for value in seen), seen

    frame.frame_locator("iframe.report").get_by_role("heading", name="encuesta-de-marzo").wait_for()
    page.screenshot(path=shots / "4-report.png")
    filter_comments(frame)
    page.screenshot(path=shots / "5-comments.png")

    frame.get_by_role("tab", name="Archivos").click()
    page.screenshot(path=shots / "6-files.png")
    with page.expect_download() as started:
        frame.get_by_role("link", name="Descargar report.xlsx").click()
    started.value.save_as(tmp_path / "saved.xlsx")
    (folder,) = airflow.output.glob("page__*")
    assert (tmp_path / "saved.xlsx").read_bytes() == (folder / "report.xlsx").read_bytes()
    assert read_json(folder / "results.json")["summary"]["total_batches"] == 6

    frame.get_by_role("link", name="Análisis hechos").click()
    frame.get_by_role("cell", name="Terminado").first.wait_for()
    page.screenshot(path=shots / "7-runs.png")
    assert visitor.complaints == []


def filter_comments(frame: Any) -> None:
    """The table of comments, filtered by emotion and text."""
    frame.get_by_role("tab", name="Comentarios").click()
    frame.locator(".count", has_text="60.000 comentarios").wait_for()
    frame.get_by_label("Emoción").select_option("anger")
    frame.get_by_label("Texto").fill("CONEXION se corta")
    found = frame.locator("table.comments td.text")
    found.filter(has_not_text=re.compile("conexi[oó]n se corta", re.I)).first.wait_for(state="detached")
    assert found.count() == 25
    assert set(frame.locator("table.comments .emotion").all_inner_texts()) == {"Enojo"}


def test_it_works_on_its_own_dark_in_english_by_keyboard_and_on_a_phone(
    browser: Any, airflow: Deployment, shots: Path
) -> None:
    visitor = Visitor(browser, airflow, color_scheme="dark")
    visitor.log_in()
    page = visitor.page
    page.goto(f"{visitor.root}{PAGE}?lang=en")
    page.get_by_role("heading", name="Choose the file").wait_for()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 22)"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Analyses").wait_for()
    assert page.evaluate("document.activeElement.id") == "view"
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=shots / "8-phone.png")
    assert visitor.complaints == []
    visitor.context.close()


def test_an_analysis_is_stopped_from_the_page(visitor: Visitor, airflow: Deployment, tmp_path: Path) -> None:
    run = airflow.trigger(write_export(tmp_path / "stopped.csv", ROWS), batch_size=1000)
    page = visitor.page
    page.goto(f"{visitor.root}{PAGE}#/run/{run.id}")
    page.get_by_role("button", name="Detener").click()
    assert page.evaluate("document.activeElement.textContent") == "Seguir", "the harmless answer comes first"
    page.get_by_role("button", name="Sí, detener").click()
    page.locator(".badge", has_text="Detenido").wait_for()
    page.get_by_text("Este análisis no tiene resultados.").wait_for()
    assert run.wait() == "failed"
    assert run.record()["note"].startswith("Stopped by admin.")
    assert visitor.complaints == []


def test_the_official_client_starts_a_run_and_the_status_agrees_with_it(airflow: Deployment, tmp_path: Path) -> None:
    from airflow_client.client import ApiClient, Configuration
    from airflow_client.client.api import DagRunApi
    from airflow_client.client.models import TriggerDAGRunPostBody

    export = write_export(tmp_path / "export.csv", 300)
    configuration = Configuration(host=f"http://{HOST}:{airflow.port}", access_token=airflow.token)
    with ApiClient(configuration) as client:
        runs = DagRunApi(client)
        body = TriggerDAGRunPostBody(dag_run_id="client", logical_date=None, conf={"input_path": str(export)})
        runs.trigger_dag_run("comment_analysis", body)
        deadline = time.monotonic() + PATIENCE
        states: list[str] = []
        while not states or states[-1] not in {"success", "failed"}:
            assert time.monotonic() < deadline
            before = str(runs.get_dag_run("comment_analysis", "client").state.value)
            ours = airflow.call("GET", f"/{PAGE}api/batch/status/client")
            after = str(runs.get_dag_run("comment_analysis", "client").state.value)
            if before == after:
                states.append(ours["airflow_state"])
                assert ours["airflow_state"] in {after, *states}
            time.sleep(1.1)  # our status is that of the last second
        ours = airflow.call("GET", f"/{PAGE}api/batch/status/client")
    assert (ours["state"], ours["airflow_state"]) == ("success", "success")
    assert (ours["percentage"], ours["processed"]) == (100, 300)
