"""Analyses that a setting names, and what cannot be used as one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from include.analysis.errors import SettingError
from include.analysis.registry import analysis_class, load_analysis


@pytest.mark.parametrize("ask", [analysis_class, load_analysis])
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("json:loads", "json:loads must be a subclass of Analysis with name = 'mine'"),
        ("include.analysis.themes:ThemesAnalysis", "must be a subclass of Analysis with name = 'mine'"),
        ("json:nothing", "cannot be loaded from json:nothing"),
        ("no_such_module:Mine", "cannot be loaded from no_such_module:Mine"),
    ],
)
def test_what_is_no_analysis_is_refused(
    ask: Callable[[str], object], place: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMENT_ANALYSIS_EXTRA", f"mine={place}")
    with pytest.raises(SettingError, match=said):
        ask("mine")


def test_a_name_that_nobody_gave_is_told_with_those_there_are() -> None:
    with pytest.raises(SettingError, match="there is no analysis 'theme'; there are: duplicates, emotions, themes"):
        load_analysis("theme")
