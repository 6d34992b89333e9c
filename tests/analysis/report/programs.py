"""The programs that open what the report writes: headless Chromium and LibreOffice.

Who has them not skips these tests; on CI they are installed, and their absence is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


def program(*names: str) -> str:
    """The first of these programs that is on this machine."""
    for name in names:
        if path := shutil.which(name):
            return path
    message = f"{names[0]} is not installed"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser."""
    path = program("chromium", "chromium-browser", "google-chrome")
    from playwright.sync_api import sync_playwright

    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # the sandbox is not for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page that was opened, and what it did."""

    page: Any
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def file(cls, browser: Any, path: Path, **context: Any) -> Iterator[Opened]:
        """Open a file; `context` as Playwright takes it (viewport, color_scheme, ...)."""
        contents = browser.new_context(**context)
        opened = cls(contents.new_page())
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: opened.messages.append(message.text))
        opened.page.on("pageerror", lambda error: opened.messages.append(str(error)))
        opened.page.on("dialog", lambda dialog: (opened.messages.append(dialog.message), dialog.dismiss()))
        opened.page.goto(path.as_uri())
        yield opened
        contents.close()

    def ask(self, expression: str) -> Any:
        """The value of an expression in JavaScript: the page's policy does not bind the debugger."""
        return self.page.evaluate(expression)


def converted(books: Sequence[Path], to: str, out: Path) -> list[Path]:
    """Workbooks as LibreOffice reads them, in another format; each workbook has a name of its own."""
    path = program("soffice", "libreoffice")
    home = f"-env:UserInstallation={(out / 'home').as_uri()}"
    command = [path, home, "--headless", "--convert-to", to, "--outdir", str(out), *map(str, books)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "rror" not in done.stdout + done.stderr, done.stdout + done.stderr
    return [out / f"{book.stem}.{to}" for book in books]
