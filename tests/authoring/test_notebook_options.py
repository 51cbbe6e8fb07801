from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio import DAG, notebook
from studio.core.spec import version_of
from studio.errors import InvalidInput, InvalidParameter, NotebookNotFound, StudioError, StudioWarning

from .conftest import notebook_text


def config_of(**options: Any) -> dict[str, Any]:
    """What the options add to the config of a notebook."""
    with DAG("d") as dag:
        notebook(Path.cwd() / "report.ipynb", **options)
    (task,) = dag.spec().tasks
    basic = ("path", "digest", "cwd", "parameters")
    return {name: value for name, value in task.config.items() if name not in basic}


def git(folder: Path, *arguments: str) -> None:
    config = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *config, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.usefixtures("work")
def test_options_stand_in_the_config_as_the_worker_reads_them() -> None:
    options = config_of(
        kernel_name="python3",
        source="latest",
        cell_timeout="5 min",
        max_cell_output=1000,
        max_output=0,
        strict=True,
        outputs=["{{ ds }}.csv", "plot.png"],
        export="html",
        memory_limit="2GB",
        max_processes=50,
        attachable=True,
    )
    assert options == {
        "kernel_name": "python3",
        "source": "latest",
        "cell_timeout": 300.0,
        "max_cell_output": 1000,
        "max_output": 0,
        "strict": True,
        "outputs": ["{{ ds }}.csv", "plot.png"],
        "export": ["html"],
        "memory_limit": 2_000_000_000,
        "max_processes": 50,
        "attachable": True,
    }


@pytest.mark.usefixtures("work")
def test_what_is_not_asked_for_does_not_stand_there() -> None:
    assert config_of(source="snapshot", strict=False, outputs=(), export=[], cell_timeout=None) == {}


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    ("limit", "bytes_"),
    [
        ("512MB", 512_000_000),
        ("1GiB", 1 << 30),
        ("1.5 gib", 3 << 29),
        ("2g", 2_000_000_000),
        (100_000_000, 100_000_000),
        ("100000000", 100_000_000),
    ],
)
def test_memory_is_written_with_a_unit_or_in_bytes(limit: str | int, bytes_: int) -> None:
    assert config_of(memory_limit=limit) == {"memory_limit": bytes_}


@pytest.mark.usefixtures("work")
def test_defaults_of_the_dag_hold_unless_the_notebook_says_otherwise() -> None:
    with DAG("d", default_args={"strict": True, "source": "latest", "memory_limit": "1GB"}) as dag:
        notebook(Path.cwd() / "report.ipynb", task_id="a")
        notebook(
            Path.cwd() / "report.ipynb", task_id="b", strict=False, source="snapshot", memory_limit="2GB"
        )
    a, b = (task.config for task in dag.spec().tasks)
    assert (a["strict"], a["source"], a["memory_limit"]) == (True, "latest", 10**9)
    assert "strict" not in b and "source" not in b and "digest" in b and b["memory_limit"] == 2 * 10**9


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"cel_timeout": 5}, "notebook(...) takes no 'cel_timeout'. Did you mean 'cell_timeout'?"),
    ({"cell_timeout": "soon"}, "cell_timeout is 'soon', which is no duration."),
    ({"cell_timeout": 0}, "notebook(...): cell_timeout is 0.0; it must be more than 0 seconds"),
    ({"max_cell_output": "5"}, "max_cell_output is '5'; it must be a whole number."),
    ({"max_output": -1}, "notebook(...): max_output is -1; it must be a whole number from 0 to"),
    ({"strict": "yes"}, "strict is 'yes'; it must be True or False."),
    ({"outputs": [5]}, "outputs is 5; it must be text."),
    ({"outputs": [""]}, "notebook(...): an entry of outputs is ''; it must be the path of a file."),
    ({"export": "docx"}, "notebook(...): an entry of export is 'docx'; it must be 'html' or 'pdf'."),
    ({"memory_limit": "much"}, "memory_limit is 'much', which is no size. Give bytes (500_000_000), or text such as"),
    ({"memory_limit": "512"}, "notebook(...): memory_limit is 512; it must be a whole number from 16777216 to"),
    ({"memory_limit": -1}, "notebook(...): memory_limit is -1; it must be a whole number from"),
    ({"max_processes": 0}, "notebook(...): max_processes is 0; it must be a whole number from 1"),
    ({"attachable": 1}, "attachable is 1; it must be True or False."),
    ({"kernel_name": 3}, "kernel_name is 3; it must be text."),
    ({"source": "newest"}, "notebook(...): source is 'newest'; it must be one of 'snapshot', 'latest', 'git'."),
    ({"source": "git"}, "source='git' needs the revision to read the notebook from."),
    ({"source": "latest", "revision": "main"}, "revision is 'main', but source is 'latest'."),
    ({"revision": "--output=x"}, "revision is '--output=x', which cannot name a git revision."),
]  # fmt: skip


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(("options", "told"), MISTAKES)
def test_mistakes_name_the_option(options: dict[str, Any], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        notebook(Path.cwd() / "report.ipynb", **options)
    assert str(caught.value).startswith(told)


def test_the_version_of_a_dag_does_not_depend_on_what_runs_later(work: Path) -> None:
    def version(**options: Any) -> str:
        with DAG("d") as dag:
            notebook(Path.cwd() / "report.ipynb", **options)
        snapshot = dag.spec()
        assert ("digest" in snapshot.tasks[0].config) == (not options)
        return version_of(snapshot)

    before = version(), version(source="latest")
    (work / "report.ipynb").write_text(
        notebook_text("day = '2013-01-01'", "changed", tags={0: ["parameters"]})
    )
    after = version(), version(source="latest")
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_a_notebook_of_a_revision_is_read_from_there(work: Path) -> None:
    git(work, "init")
    git(work, "add", ".")
    git(work, "commit", "-m", "first")
    (work / "report.ipynb").unlink()
    options = config_of(revision="main", parameters={"day": "2013-01-02"})
    assert options == {"revision": "main", "source": "git"}
    with DAG("d"):
        with pytest.raises(InvalidParameter, match=r"report.ipynb has no parameter 'dya'"):
            notebook(Path.cwd() / "report.ipynb", revision="main", parameters={"dya": 1})
        with pytest.raises(NotebookNotFound, match="has no file"):
            notebook(Path.cwd() / "new.ipynb", revision="main")
        with pytest.raises(InvalidInput, match="has no revision 'v2'"):
            notebook(Path.cwd() / "report.ipynb", revision="v2")
        with pytest.raises(NotebookNotFound, match="There is no notebook"):
            notebook(Path.cwd() / "report.ipynb", source="latest")


def bad(path: Path) -> dict[str, Callable[[], object]]:
    return {
        "not_a_regular_file": path.mkdir,
        "not_a_notebook": path.touch,
        "invalid_notebook": lambda: path.write_text('{"nbformat": 3}'),
    }


@pytest.mark.parametrize("code", ["not_a_regular_file", "not_a_notebook", "invalid_notebook"])
def test_files_that_are_no_notebooks_are_refused_where_the_task_is_defined(work: Path, code: str) -> None:
    bad(work / "bad.ipynb")[code]()
    with DAG("d"), pytest.raises(InvalidInput) as caught:
        notebook(Path.cwd() / "bad.ipynb")
    assert caught.value.code == code


def test_values_of_another_type_than_annotated_are_refused_where_they_are_written(work: Path) -> None:
    (work / "typed.ipynb").write_text(notebook_text("n: int = 1", tags={0: ["parameters"]}))
    with DAG("d"):
        with pytest.raises(
            InvalidParameter, match=r"'n' of typed.ipynb is '5', but it must be of type integer"
        ):
            notebook(Path.cwd() / "typed.ipynb", parameters={"n": "5"})
        task = notebook(Path.cwd() / "typed.ipynb", parameters={"n": "{{ params.n }}"}, params={"n": 5})
        notebook(Path.cwd() / "typed.ipynb", task_id="after", parameters={"n": task.output})
        notebook(Path.cwd() / "typed.ipynb", task_id="mapped").expand(n=[1, 2])


def test_a_parameter_without_a_value_is_missed_when_the_dag_is_published(work: Path) -> None:
    (work / "typed.ipynb").write_text(notebook_text("day: str\nn = 1", tags={0: ["parameters"]}))
    with DAG("whole") as whole:
        notebook(Path.cwd() / "typed.ipynb", parameters={"day": "{{ ds }}"})
        notebook(Path.cwd() / "typed.ipynb", task_id="mapped").expand(day=["2013-01-01"])
    whole.spec()
    with DAG("d") as dag:
        notebook(Path.cwd() / "typed.ipynb", parameters={"n": 2})
    with pytest.raises(InvalidParameter, match=r"typed.ipynb needs the parameter 'day'"):
        dag.spec()


@pytest.mark.usefixtures("work")
def test_a_kernel_that_is_not_installed_here_is_a_warning() -> None:
    with DAG("d") as dag:
        notebook(Path.cwd() / "report.ipynb", kernel_name="pyhton3")
    with pytest.warns(
        StudioWarning, match=r"report.ipynb: kernel_not_found: there is no kernel 'pyhton3' here"
    ):
        dag.spec()


def test_a_cell_with_a_tag_that_no_run_would_understand_is_refused(work: Path) -> None:
    (work / "tagged.ipynb").write_text(notebook_text("1", tags={0: ["timeout=soon"]}))
    with DAG("d"), pytest.raises(InvalidInput, match=r"the timeout .soon."):
        notebook(work / "tagged.ipynb")
