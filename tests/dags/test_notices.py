"""People are told by a notifier of Airflow's: here by e-mail, through a server that keeps what it gets."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import date
from email.message import Message
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.airflow_notices import is_configured, tell
from include.analysis.errors import SettingError
from include.analysis.history import History
from tests.analysis.made_runs import bare_run
from tests.analysis.test_batch_processor import make_export, with_custom
from tests.dags.in_process import run, states

pytestmark = pytest.mark.usefixtures("database")


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as it takes to be given a message."""

    def handle(self) -> None:
        received: list[Message] = self.server.received  # type: ignore[attr-defined]
        self.say("220 here")
        while line := self.rfile.readline().decode().strip().upper():
            if line == "DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                received.append(email.message_from_bytes(b"".join(lines)))
            self.say("221 bye" if line == "QUIT" else "250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Message]]:
    received: list[Message] = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.daemon_threads = True
        server.received = received  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(
            "AIRFLOW_CONN_SMTP_DEFAULT",
            json.dumps({
                "conn_type": "smtp", "host": "127.0.0.1", "port": server.server_address[1],
                "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"},
            }),
        )  # fmt: skip
        configured = {"class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "to": "cx@example.com"}
        monkeypatch.setenv("COMMENT_ANALYSIS_NOTIFIER", json.dumps(configured))
        yield received
        server.shutdown()


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMMENT_ANALYSIS_RUN_FOLDER", str(tmp_path / "run"))
    return tmp_path / "run"


def content(message: Message) -> str:
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    return b"".join(part for part in parts if isinstance(part, bytes)).decode()


@pytest.mark.slow
def test_a_failure_is_told(mail: list[Message], tmp_path: Path) -> None:
    dag_run = run({"input_path": str(tmp_path / "nowhere.csv")})
    [message] = mail
    assert message["To"] == "cx@example.com"
    assert message["Subject"] == f"Comment analysis: failed ({dag_run.run_id})"
    assert f"find_input: {tmp_path / 'nowhere.csv'} does not exist; give the path of an export" in content(message)


@pytest.mark.slow
def test_a_partial_success_is_told_and_a_success_is_not(
    mail: list[Message], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = make_export(tmp_path / "export.csv", 30)
    assert run({"input_path": str(export), "analyses": ["themes"]}).state == "success"
    assert mail == []
    with_custom(monkeypatch, "broken")
    monkeypatch.setenv("TEST_QUOTE", "<script>")
    dag_run = run({"input_path": str(export), "analyses": ["broken", "themes"]})
    assert states(dag_run)["aggregate"] == ["success"]
    [message] = mail
    assert message["Subject"] == f"Comment analysis: partial_success ({dag_run.run_id})"
    said = content(message)
    assert (
        "without an answer of broken: 30 rows (1 batch failed: ValueError: nunca funciona &lt;script&gt;)<br>" in said
    )


@pytest.mark.parametrize("current", [True, False])
def test_a_rise_in_the_last_day_is_told_unless_it_is_of_a_backfill(
    current: bool, mail: list[Message], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags import comment_trends

    monkeypatch.setenv("COMMENT_ANALYSIS_OUTPUT", str(tmp_path / "runs"))
    days = [date(2025, 3, number) for number in range(1, 11)]
    for day in days:
        angry = 60 if day == days[-1] else 10
        tallies = {"emotions": (200, {"anger": angry, "neutral": 200 - angry})}
        run_of_day = bare_run(tmp_path / str(day), ["a comment"] * 200, tallies)
        History(tmp_path / "runs" / "history").record(day, run_of_day, str(day))
    event = SimpleNamespace(extra={"day": str(days[-1]), "current": current})
    context = {"triggering_asset_events": {comment_trends.HISTORY: [event]}}
    monkeypatch.setattr(comment_trends, "get_current_context", lambda: context)
    comment_trends.update_trends.function()
    said = [(message["Subject"], content(message).splitlines()) for message in mail]
    rise = "El 10/03/2025 subió la emoción «enojo»: 30,0 % de los comentarios (60 de 200), contra 5,0 % en 9 de los 28"
    assert [subject for subject, _ in said] == ["Comment analysis: beyond chance"] * current
    assert all(any(rise in line for line in lines) for _, lines in said)


def test_what_to_say_can_be_set(mail: list[Message], monkeypatch: pytest.MonkeyPatch) -> None:
    configured = {
        "class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "to": ["a@example.com", "b@example.com"],
        "subject": "Aviso: {{ headline }}", "html_content": "<b>{{ details }}</b>",
    }  # fmt: skip
    monkeypatch.setenv("COMMENT_ANALYSIS_NOTIFIER", json.dumps(configured))
    tell("sube el enojo", ["{{ 1 + 1 }} no se calcula"], {})
    [message] = mail
    assert message["Subject"] == "Aviso: sube el enojo"
    assert "<b>{{ 1 + 1 }} no se calcula</b>" in content(message)


def test_nothing_is_told_without_the_setting(mail: list[Message], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMMENT_ANALYSIS_NOTIFIER")
    tell("x", ["y"], {})
    assert mail == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"class": "airflow.nowhere.Notifier"}, "airflow.nowhere.Notifier: No module named 'airflow.nowhere'"),
        ({"class": "Notifier"}, "Notifier: "),
        ({"class": "airflow.providers.smtp.notifications.smtp.Typo"}, "has no attribute 'Typo'"),
        (
            {"class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "tu": "x"},
            "missing 1 required positional argument: 'to'",
        ),
    ],
)
def test_a_notifier_that_is_not_there_is_told_when_the_dag_is_read(
    setting: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMENT_ANALYSIS_NOTIFIER", json.dumps(setting))
    with pytest.raises(SettingError, match=r"^COMMENT_ANALYSIS_NOTIFIER cannot be used") as caught:
        is_configured()
    assert said in str(caught.value)
