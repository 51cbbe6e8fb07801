"""`file_sensor` and `http_sensor`: what is there, what is not yet, what will never be."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run
from .web import Web

LOOK: dict[str, Any] = {"interpret": "sensor", "sensor": {"mode": "reschedule"}}


def test_file_is_waited_for(run: Run, tmp_path: Path) -> None:
    assert run("file_sensor", LOOK, path="{{ ds }}.csv").result.state == "rescheduled"
    (tmp_path / "2013-01-01.csv").write_text("a")
    ran = run("file_sensor", LOOK, path="{{ ds }}.csv")
    assert (ran.result.state, ran.result.value) == ("success", str(tmp_path / "2013-01-01.csv"))
    assert ran.output.cells[-1].outputs[0].text == f"{tmp_path}/2013-01-01.csv, 1 bytes\n"


def test_file_must_be_large_enough_and_at_rest(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("abc")
    assert run("file_sensor", LOOK, path="f", min_size=4).result.state == "rescheduled"
    assert run("file_sensor", LOOK, path="f", min_size=3).result.state == "success"
    assert run("file_sensor", LOOK, path="f", unchanged_for=60).result.state == "rescheduled"
    os.utime(file, (time.time() - 120,) * 2)
    assert run("file_sensor", LOOK, path="f", unchanged_for=60).result.state == "success"
    (tmp_path / "d").mkdir()
    assert run("file_sensor", LOOK, path="d").result.state == "rescheduled"  # a directory is no file


def test_pattern_gives_the_list(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("bb")
    ran = run("file_sensor", LOOK, path="*.csv", min_files=2)
    assert ran.result.state == "rescheduled"
    assert ran.output.cells[0].outputs[0].text == "not yet: 1 of 2 files\n"
    (tmp_path / "a.csv").write_text("a")
    ran = run("file_sensor", LOOK, path="*.csv", min_files=2)
    assert ran.result.value == [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    assert run("file_sensor", LOOK, path="*.csv", min_size=2).result.state == "rescheduled"


def test_url_of_fsspec_is_looked_at(run: Run) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/in/x.csv", b"abc")
    ran = run("file_sensor", LOOK, path="memory://in/*.csv", min_size=3)
    assert (ran.result.state, ran.result.value) == ("success", ["memory:///in/x.csv"])
    error = str(run("file_sensor", LOOK, path="nosuch://x").result.error)
    assert error.startswith(
        "InvalidInput: The path 'nosuch://x' cannot be looked at: Protocol not known: nosuch"
    )


def test_server_is_asked_until_it_answers(run: Run, web: Web) -> None:
    assert run("http_sensor", LOOK, url=f"{web.url}/job").result.state == "rescheduled"
    web.pages["/job"] = (503, "text/plain", b"")
    assert run("http_sensor", LOOK, url=f"{web.url}/job").result.state == "rescheduled"
    web.pages["/job"] = (200, "application/json", b'{"state": "running"}')
    ready = "value.state == 'ready'"
    assert run("http_sensor", LOOK, url=f"{web.url}/job", condition=ready).result.state == "rescheduled"
    web.pages["/job"] = (200, "application/json", b'{"state": "ready"}')
    ran = run("http_sensor", LOOK, url=f"{web.url}/job", condition=ready)
    assert (ran.result.state, ran.result.value) == ("success", {"state": "ready"})


@pytest.mark.parametrize("status", [400, 401, 403, 410])
def test_error_that_does_not_go_away_fails(run: Run, web: Web, status: int) -> None:
    web.pages["/job"] = (status, "text/plain", b"")
    ran = run("http_sensor", LOOK, url=f"{web.url}/job")
    assert ran.result.state == "failed"
    assert str(ran.result.error).startswith("BadStatus: ")


def test_server_that_is_down_is_asked_again(run: Run, web: Web) -> None:
    ran = run("http_sensor", LOOK, url="http://127.0.0.1:9/")
    assert ran.result.state == "rescheduled"
    assert "not yet: http://127.0.0.1:9/ refuses connections." in ran.output.cells[0].outputs[0].text


def test_poking_shows_each_look(run: Run, tmp_path: Path) -> None:
    poke = {"interpret": "sensor", "sensor": {"mode": "poke", "poke_interval": 0.01, "timeout": 0.05}}
    ran = run("file_sensor", poke, path="never")
    assert ran.result.state == "failed"
    assert len(ran.output.cells) >= 1
