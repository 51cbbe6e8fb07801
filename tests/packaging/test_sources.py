"""What must agree in the repository itself, before anything is built."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import studio_build

import studio


def test_version_is_the_same_in_python_and_in_the_front_end(repository: Path) -> None:
    package = json.loads((repository / "labextension" / "package.json").read_text("utf-8"))
    assert package["version"] == studio.__version__


def test_yarn_lock_names_no_host(repository: Path) -> None:
    lock = (repository / "labextension" / "yarn.lock").read_text("utf-8")
    assert re.findall(r"https?:|__archiveUrl", lock) == []


def test_build_asks_node_for_the_range_of_the_front_end(repository: Path) -> None:
    package = json.loads((repository / "labextension" / "package.json").read_text("utf-8"))
    assert package["engines"]["node"] == "^20.19.0 || >=22.12.0"  # the range that node_is_suitable knows


@pytest.mark.parametrize(
    ("version", "suitable"),
    [
        ("v18.20.4", False),
        ("v20.18.3", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0\n", True),
        ("v24.0.0", True),
        ("v25.0.0-nightly20251010", True),
        ("", False),
        ("command not found", False),
    ],
)
def test_node_is_suitable_follows_the_range(version: str, suitable: bool) -> None:
    assert studio_build.node_is_suitable(version) is suitable
