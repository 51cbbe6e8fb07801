from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from studio.server.runtime import is_gone, only_server, process_name
from studio.settings import Settings


def settings(home: Path) -> Settings:
    return Settings(home=home, database="", dag_folder=home / "dags", slots=1)


def test_home_keeps_its_name_and_others_have_another(tmp_path: Path) -> None:
    with only_server(settings(tmp_path / "one")) as first:
        pass
    with only_server(settings(tmp_path / "one")) as again, only_server(settings(tmp_path / "two")) as other:
        assert first == again != other


def test_earlier_server_of_the_held_home_is_gone_whatever_the_host_is_called_now() -> None:
    assert is_gone(f"another-container/{os.getpid()}/5/home", home="home")


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        (process_name("theirs"), False),
        (process_name("theirs").replace(f"/{os.getpid()}/", f"/{psutil.pids()[-1] + 4_000_000}/"), True),
        ("another-host/1/5/theirs", False),
        ("what?", False),
    ],
)
def test_server_of_another_home_is_judged_by_its_process(name: str, gone: bool) -> None:
    assert is_gone(name, home="ours") is gone
