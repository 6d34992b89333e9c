"""Settings are read from the environment once, and a wrong one is told in one line."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from include.analysis.errors import SettingError
from include.analysis.settings import Settings, load_settings


def load(**settings: str) -> Settings:
    return load_settings({f"COMMENT_ANALYSIS_{name}": value for name, value in settings.items()})


def test_defaults() -> None:
    assert load() == Settings()
    assert (load().schedule, load().timezone, load().pattern) == (time(6), "America/Asuncion", "comments_{date}*")


def test_what_is_set() -> None:
    found = load(
        SCHEDULE="07:30", TIMEZONE="UTC", PATTERN="x{date}", READY="done", WAIT_HOURS="0.5", MISSING="fail",
        REPORT_LANGUAGE="en", UNIQUE_KEEP="highest", MASK_PERSONAL_DATA="on",
        KEEP_DAYS="0", NOTIFIER='{"class": "a.B", "to": "c"}', OUTPUT="/data",
    )  # fmt: skip
    assert (found.schedule, found.timezone, found.pattern) == (time(7, 30), "UTC", "x{date}")
    assert (found.ready_seconds, found.wait_hours, found.skip_missing, found.keep_days) == (None, 0.5, False, 0.0)
    assert (found.history, found.trends) == (Path("/data/history"), Path("/data/trends"))
    assert (found.report_language, found.unique_keep, found.mask_personal_data) == ("en", "highest", True)
    assert load(SCHEDULE="off").schedule is None
    assert hash(found) != hash(load())


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("REPORT_LANGUAGE", "fr", "es or en"),
        ("UNIQUE_KEEP", "best", "first or last or highest"),
        ("MASK_PERSONAL_DATA", "yes", "on or off"),
        ("SCHEDULE", "25:00", "a time like 06:00, or off"),
        ("SCHEDULE", "daily", "a time like 06:00, or off"),
        ("TIMEZONE", "Paraguay/Asuncion", "the name of a time zone"),
        ("TIMEZONE", "../../etc/passwd", "the name of a time zone"),
        ("PATTERN", "comments.csv", "a file name with {date} in it"),
        ("PATTERN", "comments_{day}.csv", "a file name with {date} in it"),
        ("PATTERN", "/etc/{date}", "a file name with {date} in it"),
        ("PATTERN", "../{date}", "a file name with {date} in it"),
        ("READY", "soon", "a number of seconds, or done"),
        ("READY", "-1", "a number of seconds, or done"),
        ("WAIT_HOURS", "nan", "a number of hours"),
        ("MISSING", "ignore", "skip or fail"),
        ("KEEP_DAYS", "inf", "a number of days"),
        ("UPLOAD_MB", "much", "a number of MiB"),
        ("NOTIFIER", "smtp", "JSON like"),
        ("NOTIFIER", '{"to": "x"}', "JSON like"),
    ],
)
def test_a_wrong_one_is_told_with_what_would_be_right(name: str, value: str, right: str) -> None:
    with pytest.raises(SettingError) as caught:
        load(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"COMMENT_ANALYSIS_{name} is {value!r}; it must be {right}")
    assert "\n" not in message
