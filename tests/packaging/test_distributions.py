"""The sdist and the wheel that `python -m build` makes: everything inside, nothing of this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import studio
from studio.pages.guides import GUIDES

pytestmark = pytest.mark.packaging

DATA = f"pipeline_studio-{studio.__version__}.data/data"
LABEXTENSION = f"{DATA}/share/jupyter/labextensions/pipeline-studio"
FRONT_END = ("dashboard.css", "dashboard.js", "layout.js", "live.css", "live.js")
PREFIX = f"pipeline_studio-{studio.__version__}"


@pytest.fixture(scope="session")
def clone(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that git would commit."""
    copy = tmp_path_factory.mktemp("clone")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=repository, check=True, capture_output=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (repository / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def package_files(clone: Path) -> set[str]:
    """The names of all files of `studio/`, listed before anything is built."""
    return {path.relative_to(clone).as_posix() for path in (clone / "studio").rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def built(clone: Path, package_files: set[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel made from it."""
    out = tmp_path_factory.mktemp("dist")
    # The environment that runs the tests has the build requirements: no second download of them.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(clone)]
    scripts = str(Path(sys.executable).parent)  # jlpm, and node where it comes from a wheel
    environment = os.environ | {"PATH": os.pathsep.join([scripts, os.environ["PATH"]])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def wheel(built: Path) -> dict[str, bytes]:
    """Name → content of every file in the wheel."""
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="session")
def sdist(built: Path) -> dict[str, bytes]:
    """Name → content of every file in the sdist."""
    (path,) = built.glob("*.tar.gz")
    files: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                files[member.name] = content.read()
    return files


def test_wheel_has_the_labextension_for_jupyterlab(wheel: dict[str, bytes]) -> None:
    package = json.loads(wheel[f"{LABEXTENSION}/package.json"])
    assert f"{LABEXTENSION}/{package['jupyterlab']['_build']['load']}" in wheel
    assert json.loads(wheel[f"{LABEXTENSION}/install.json"])["packageName"] == "pipeline-studio"
    assert any(name.startswith(f"{LABEXTENSION}/schemas/pipeline-studio/") for name in wheel)


def test_wheel_has_the_front_end_for_other_notebooks(wheel: dict[str, bytes]) -> None:
    assets = {name for name in wheel if name.startswith("studio/pages/assets/")}
    assert assets == {f"studio/pages/assets/{name}" for name in FRONT_END}
    assert b"jp-Studio-foreign" in wheel["studio/pages/assets/live.css"]
    assert b"jp-Studio-shell" in wheel["studio/pages/assets/dashboard.css"]
    assert {"studio/pages/page.html", "studio/pages/note.html", "studio/pages/guide.html"} <= wheel.keys()


def test_wheel_has_the_guides_and_their_pictures(wheel: dict[str, bytes]) -> None:
    for name in GUIDES:
        text = wheel[f"studio/pages/guides/{name}.md"].decode()
        for picture in re.findall(r"\]\((images/[^)]+)\)", text):
            assert f"studio/pages/guides/{picture}" in wheel


def test_wheel_has_the_front_end_once(wheel: dict[str, bytes]) -> None:
    assert [name for name in wheel if name.startswith("studio/labextension")] == []


def test_wheel_enables_the_server_extension(wheel: dict[str, bytes]) -> None:
    config = json.loads(wheel[f"{DATA}/etc/jupyter/jupyter_server_config.d/pipeline_studio.json"])
    assert config == {"ServerApp": {"jpserver_extensions": {"studio.jupyter": True}}}


def test_wheel_has_every_file_of_the_package(wheel: dict[str, bytes], package_files: set[str]) -> None:
    assert {"studio/py.typed", "studio/_version.py"} <= package_files
    assert package_files - wheel.keys() == set()


def test_wheel_has_the_forked_kernels(wheel: dict[str, bytes], repository: Path) -> None:
    kernels = {path.name for path in (repository / "kernels" / "studio_kernels").glob("*.py")}
    assert {f"studio_kernels/{name}" for name in kernels} <= wheel.keys()
    spec = json.loads(wheel[f"{DATA}/share/jupyter/kernels/studio/kernel.json"])
    assert spec["metadata"]["kernel_provisioner"] == {"provisioner_name": "studio-fork"}
    assert f"{DATA}/share/jupyter/kernels/studio/logo-svg.svg" in wheel


def test_wheel_has_the_migrations(wheel: dict[str, bytes]) -> None:
    revisions = [name for name in wheel if re.fullmatch(r"studio/store/migrations/versions/\w+\.py", name)]
    assert "studio/store/migrations/env.py" in wheel
    assert revisions != []


def test_wheel_declares_its_entry_points(wheel: dict[str, bytes]) -> None:
    entry_points = wheel[f"{PREFIX}.dist-info/entry_points.txt"].decode()
    assert "studio = studio.cli:main" in entry_points
    assert "studio = studio.worker.engine:StudioEngine" in entry_points
    assert "studio-fork = studio_kernels.provisioner:ForkProvisioner" in entry_points


def test_sdist_has_the_front_end_built_and_its_sources(sdist: dict[str, bytes]) -> None:
    wanted = (
        "studio/labextension/package.json",
        "studio/pages/assets/live.js",
        "labextension/yarn.lock",
        "build_support/studio_build.py",
        "LICENSE",
    )
    assert {f"{PREFIX}/{name}" for name in wanted} <= sdist.keys()
    assert [name for name in sdist if "/node_modules/" in name] == []


@pytest.mark.parametrize("distribution", ["wheel", "sdist"])
def test_distributions_hold_no_path_of_the_build_machine(
    distribution: str, request: pytest.FixtureRequest, repository: Path
) -> None:
    files: dict[str, bytes] = request.getfixturevalue(distribution)
    absolute = re.compile(
        rb"file:///|/(?:home|root|Users|tmp)/[\w.-]+/|" + re.escape(str(repository)).encode() + rb"/"
    )
    front_end = {
        name: content
        for name, content in files.items()
        if "studio/labextension/" in name or "studio/pages/assets/" in name or DATA in name
    }
    assert front_end != {}
    assert {name: found for name, content in front_end.items() if (found := absolute.findall(content))} == {}
