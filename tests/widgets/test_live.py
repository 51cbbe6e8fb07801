"""Where a view is a widget, too; and what a notebook keeps of it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from studio.errors import InvalidInput
from studio.widgets import live, twin
from studio.widgets.live import WIDGET_MIME, formats, is_wanted, with_twin

BUNDLE = {"x/graph": {"dag_id": "d"}, "text/html": "<p>d</p>", "text/plain": "d"}


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A kernel; the names in it."""
    for name in ("STUDIO_LIVE", "STUDIO_ATTEMPT", "VSCODE_PID", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    shell = SimpleNamespace(kernel=object(), user_ns={})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(live, "_hinted", [])
    return shell.user_ns


def test_jupyter_draws_by_itself(names: dict[str, Any]) -> None:
    assert with_twin(BUNDLE, "graph", "x/graph") == (BUNDLE, None)


def test_vs_code_is_known_by_the_notebook_that_it_names(names: dict[str, Any]) -> None:
    names["__vsc_ipynb_file__"] = "a.ipynb"
    assert is_wanted()


def test_vs_code_is_known_by_its_process_unless_a_jupyter_server_runs_in_it(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSCODE_PID", "1")
    assert is_wanted()
    monkeypatch.setenv("JPY_SESSION_NAME", "a.ipynb")
    assert not is_wanted()


def test_colab_is_known_by_its_module(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert is_wanted()


@pytest.mark.parametrize(("switch", "wanted"), [("on", True), ("OFF", False), ("auto", True), ("", True)])
def test_the_switch_decides(
    switch: str, wanted: bool, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["__vsc_ipynb_file__"] = "a.ipynb"
    monkeypatch.setenv("STUDIO_LIVE", switch)
    assert is_wanted() is wanted


def test_a_switch_that_is_none_is_refused(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_LIVE", "yes please")
    with pytest.raises(InvalidInput, match="STUDIO_LIVE is 'yes please'"):
        is_wanted()


def test_notebooks_of_tasks_hold_no_widgets(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_LIVE", "on")
    monkeypatch.setenv("STUDIO_ATTEMPT", "1")
    assert not is_wanted()


def test_a_terminal_has_no_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_LIVE", "on")
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not is_wanted()


def test_without_anywidget_it_is_said_once_how_to_get_it(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_LIVE", "on")
    monkeypatch.setattr(live, "find_spec", lambda name: None)
    hinted, none = with_twin(BUNDLE, "graph", "x/graph")
    assert (none, hinted["text/plain"].splitlines()[1]) == (None, live._HINT)
    assert with_twin(BUNDLE, "graph", "x/graph") == (BUNDLE, None)


def test_the_widget_holds_the_data_and_a_loader(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_LIVE", "on")
    bundle, made = with_twin(BUNDLE, "graph", "x/graph")
    assert isinstance(made, twin.Twin)
    try:
        assert bundle == {
            **BUNDLE, WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": made.model_id},
        }  # fmt: skip
        assert made.shown == {"graph": {"dag_id": "d"}}
        assert len(str(made._esm)) < 4096  # it is in every notebook that is saved
        later, same = with_twin({**BUNDLE, "x/graph": {"dag_id": "e"}}, "graph", "x/graph", made)
        assert same is made and later[WIDGET_MIME] == bundle[WIDGET_MIME]
        assert made.shown == {"graph": {"dag_id": "e"}}
    finally:
        made.close()


def test_colab_is_told_where_widgets_of_others_come_from(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_LIVE", "on")
    assert isinstance(formats(BUNDLE, "graph", "x/graph"), dict)
    widgets = SimpleNamespace(_installed_url="https://widgets.example/1.js")
    output = SimpleNamespace(_widgets=widgets, enable_custom_widget_manager=lambda: None)
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    data, metadata = formats(BUNDLE, "graph", "x/graph")
    assert data[WIDGET_MIME]["version_major"] == 2
    assert metadata == {WIDGET_MIME: {"colab": {"custom_widget_manager": {"url": widgets._installed_url}}}}
