"""Operators in DAGs: what is checked when they are defined, and what the spec says of them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import studio
from studio import DAG, Operator, TaskGroup, http, operator, shell
from studio.authoring.parse import parse_file
from studio.core.spec import SensorSpec, TaskSpec
from studio.errors import InvalidInput, StudioError
from studio.operators.shell import Shell
from studio.worker.kinds import TaskRequest, run_task

from ..operators import shouting
from .conftest import notebook_text

SHOUT, ARRIVED = operator(shouting.Shout), operator(shouting.Arrived)
MODULE = shouting.__name__


def only(dag: DAG) -> TaskSpec:
    return dag.spec().tasks[-1]


def test_call_makes_a_task_of_the_kind_operator(work: Path) -> None:
    with DAG("d") as dag:
        task = SHOUT(text="{{ ds }}", times=2, task_id="loud", retries=3)
    spec = only(dag)
    assert (task.task_id, spec.kind, spec.retries) == ("loud", "operator", 3)
    assert spec.config == {
        "operator": f"{MODULE}:Shout",
        "args": {"text": "{{ ds }}", "times": 2},
        "directory": str(Path(__file__).parent),
        "path": [str(Path(__file__).parents[2])],
    }


def test_built_in_operator_is_named_by_its_name() -> None:
    with DAG("d") as dag:
        shell("ls -l {{ params.dir }}", cwd=Path("sub"))
        shell("true")
    first, second = dag.spec().tasks
    assert (first.id, second.id) == ("shell", "shell__1")
    assert first.config == {
        "operator": "shell",
        "args": {"command": "ls -l {{ params.dir }}", "cwd": "sub"},
        "directory": str(Path(__file__).parent),
    }


def test_value_of_another_task_is_waited_for() -> None:
    with DAG("d") as dag:
        first = shell("date", task_id="first")
        SHOUT(text=first.output, times=first.output["n"], task_id="second")
        shell(["echo", first.output], task_id="third")
    second, third = dag.spec().tasks[1:]
    assert (second.upstream, third.upstream) == (("first",), ("first",))
    assert second.config["args"] == {
        "text": {"$output": "first"},
        "times": {"$output": "first", "key": "n"},
    }


def test_connection_of_a_field_is_declared_for_the_task() -> None:
    with DAG("d") as dag:
        http("/items", connection="api")
        http("/items", connection="api", connections="other", task_id="two")
    first, second = dag.spec().tasks
    assert (first.connections, second.connections) == (("api",), ("other", "api"))
    with DAG("e"), pytest.raises(InvalidInput, match="'connection' of http is taken as it is written"):
        http("/items", connection=shell("echo api"))
    with DAG("f"), pytest.raises(InvalidInput, match="tasks cannot be mapped over 'connection'"):
        http.partial(url="/items").expand(connection=["a", "b"])


def test_sensor_takes_what_sensors_take() -> None:
    with DAG("d") as dag:
        ARRIVED(path="x", mode="reschedule", poke_interval="5 min", timeout=60, try_timeout=9)
    spec = only(dag)
    assert spec.sensor == SensorSpec(mode="reschedule", poke_interval=300.0, timeout=60.0)
    assert (spec.interpret, spec.timeout, spec.id) == ("sensor", 9.0, "Arrived")


def test_expand_makes_instances() -> None:
    with DAG("d") as dag:
        days = shell("list", value="json", task_id="days")
        SHOUT.partial(times=2, task_id="each").expand(text=days.output)
        SHOUT.partial(task_id="dicts").expand_kwargs([{"text": "a"}, {"text": "b", "times": 2}])
        shell.partial(task_id="commands").expand(command=["echo a", ["echo", "b"]])
        shell.override(retries=2, task_id="again")("true")
    each, dicts, commands, again = dag.spec().tasks[1:]
    assert each.config["args"] == {"times": 2}
    assert each.upstream == ("days",)
    assert dicts.expand is not None and commands.expand is not None
    assert again.retries == 2


def test_item_of_a_mapped_group_is_an_argument() -> None:
    def group(day: Any) -> None:
        shell(["load", day])

    with DAG("d") as dag, TaskGroup("each").expand(day=["a", "b"]) as (day):
        group(getattr(day, "day", day))
    assert only(dag).kind == "operator"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: SHOUT(), "Shout(...) needs the argument 'text'. It is what is said."),
        (lambda: SHOUT("a", 2), "Shout(...) takes 1 arguments without a name, not 2. The others are given by name: "
         "times, whisper."),
        (lambda: SHOUT("a", tims=2), "Shout(...) takes no 'tims'. Did you mean 'times'?"),
        (lambda: SHOUT("a", retrys=2), "Shout(...) takes no 'retrys'. Did you mean 'retries'?"),
        (lambda: SHOUT("a", times="2"), "The argument 'times' of Shout is '2', which does not fit: Expected `int`, got "
         "`str`. It must be int."),
        (lambda: SHOUT("a", times=-1), "times is negative."),
        (lambda: SHOUT("a", poke_interval=2), "Shout(...) takes no 'poke_interval'."),
        (lambda: SHOUT.expand(txt=["a"]), "Shout(...) takes no 'txt'. Did you mean 'text'?"),
        (lambda: SHOUT.partial(text="a").expand(text=["a"]), "The argument 'text' of Shout is given, and mapped over."),
        (lambda: SHOUT.expand(times=[1]), "Shout(...) needs the argument 'text'."),
        (lambda: SHOUT.partial(text="a").expand(whisper=shell("x")), "Shout: 'whisper' is taken as it is written"),
        (lambda: SHOUT("a", whisper=shell("x")), "The argument 'whisper' of Shout is taken as it is written"),
        (lambda: shell("ls | wc"), "The command 'ls | wc' has '|', which means something to a shell only"),
        (lambda: shell("echo 'x"), """The command "echo 'x" cannot be split into arguments: no closing quotation."""),
        (lambda: shell(""), "The command is empty."),
        (lambda: shell([]), "The command is an empty list."),
        (lambda: shell("ls {% if x %}a{% endif %}"), "it cannot hold `{% … %}`"),
        (lambda: shell("echo {{ ds }}", use_shell=True), "with use_shell=True bash would run whatever it gives"),
        (lambda: shell(["ls"], use_shell=True), "With use_shell=True the command is one text, a script."),
        (lambda: shell("ls", value="lines"), "Invalid enum value 'lines'"),
        (lambda: shell("ls", env=["A=1"]), "The argument 'env' of shell is ['A=1'], which does not fit"),
        (lambda: shell("ls", args=[object()]), "argument 'args'[0] is <object"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_when_the_dag_is_defined(call: Any, said: str) -> None:
    with DAG("d"), pytest.raises(StudioError, match=re.escape(said)):
        call()


def test_operator_that_workers_cannot_find_is_refused() -> None:
    class Local(Operator):
        def run(self, attempt: object) -> object:
            return 1

    class Idle(Operator):
        pass

    with pytest.raises(InvalidInput, match="is not at the top level of its module"):
        operator(Local)
    with pytest.raises(InvalidInput, match="has no method `run"):
        operator(Idle)
    with pytest.raises(InvalidInput, match="is no operator"):
        operator(dict)  # type: ignore[arg-type]
    with pytest.raises(StudioError, match="There is no operator 'shel'"):
        operator("shel")


def test_field_cannot_have_the_name_of_what_says_which_task_it_is() -> None:
    with pytest.raises(InvalidInput, match="has a field 'task_id', which every task has"):
        operator(shouting.Misnamed)


def test_signature_and_help_are_those_of_the_operator() -> None:
    assert str(inspect.signature(SHOUT)) == (
        "(text: str, *, times: int = 1, whisper: str = '', **options) -> studio.authoring.tasks.Task"
    )
    assert SHOUT.__doc__ is not None
    assert SHOUT.__doc__.startswith(
        "Says something loudly.\n\nArgs:\n    text: str. what is said\n    times: int.  (1)"
    )
    assert (shell.__name__, shell.operator) == ("shell", Shell)


def test_operator_needs_a_dag() -> None:
    with pytest.raises(InvalidInput, match="belongs to a DAG, and none is open"):
        shell("ls")


def test_studio_stays_light() -> None:
    heavy = {"httpx", "fsspec", "pandas", "pyarrow", "nbformat", "sqlalchemy", "cryptography"}
    code = f"import sys, studio; studio.shell; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert studio.shell is shell


CELLS = [
    "from typing import Annotated\nfrom msgspec import Meta\nfrom studio import DAG, Operator, operator\nLOUD = '!'",
    "class Cry(Operator):\n    text: Annotated[str, Meta(description='what is said')]\n"
    "    def run(self, attempt):\n        return self.text.upper() + LOUD",
    "cry = operator(Cry)\nwith DAG('d') as dag:\n    cry('{{ ds }}')",
]


def test_operator_of_a_cell_travels_as_source(tmp_path: Path) -> None:
    file = tmp_path / "dag.ipynb"
    file.write_text(notebook_text(*CELLS))
    parsed = parse_file(file)
    assert parsed.error is None
    config = parsed.specs[0].tasks[0].config
    assert (config["operator"], config["path"]) == ("__main__:Cry", [str(tmp_path)])
    assert "LOUD = '!'" in config["source"]
    request = TaskRequest(
        attempt_id=1, dag_id="d", run_id="r", task_id="t", try_number=1, kind="operator", config=config,
        context={"ds": "today"}, directory=str(tmp_path),
    )  # fmt: skip
    assert run_task(request, lambda event: None).value == "TODAY!"
