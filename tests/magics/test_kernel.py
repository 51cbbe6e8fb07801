"""The extension in a real kernel, as a front end sees it: replies, live outputs, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from studio.widgets.graph import MIME

pytestmark = pytest.mark.acceptance

Answer = tuple[str, list[tuple[str, dict[str, Any]]]]  # status of the reply, (type, content) of each output
Run = Callable[[str, str], Answer]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Executes (id, source) of a cell."""
    home = tmp_path_factory.mktemp("kernel")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STUDIO_HOME", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("PYTHONWARNINGS", "default")
        manager, client = start_new_kernel(kernel_name="python3", cwd=str(home))

    def execute(cell_id: str, source: str) -> Answer:
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
        }
        message = client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        client.shell_channel.send(message)
        outputs: list[tuple[str, dict[str, Any]]] = []
        while True:
            answer = client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, said = answer["msg_type"], answer["content"]
            if kind == "status" and said["execution_state"] == "idle":
                break
            if kind not in ("status", "execute_input"):
                outputs.append((kind, said))
        reply = client.get_shell_msg(timeout=60)
        while reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:  # of its start
            reply = client.get_shell_msg(timeout=60)
        return reply["content"]["status"], outputs

    try:
        yield execute
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def graphs(answer: Answer) -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, display id, data) of each graph."""
    return [
        (kind, said.get("transient", {}).get("display_id", ""), said["data"][MIME])
        for kind, said in answer[1]
        if MIME in said.get("data", {})
    ]


def test_the_graph_follows_the_cells(run: Run) -> None:
    ((_, display, first),) = graphs(run("1", "%load_ext studio\n%dag flights"))
    assert (first["dag_id"], first["tasks"], first["cells"], first["problems"]) == ("flights", [], True, [])
    ((kind, again, _),) = graphs(run("2", "%%task extract\nrows = [1, 2]\nrows"))
    assert (kind, again) == ("update_display_data", display)
    ((_, _, data),) = graphs(run("3", "%%task report\nprint(rows, missing)"))
    assert [(task["id"], task["reads"], task["gives"]) for task in data["tasks"]] == [
        ("extract", [], ["rows"]),
        ("report", [{"name": "rows", "by": "extract"}], []),
    ]
    assert [(each["code"], each["task"], each["line"]) for each in data["problems"]] == [
        ("unknown_name", "report", 2)
    ]
    ((_, _, data),) = graphs(run("3", "%%task last\nawait __import__('asyncio').sleep(0)\nprint(rows)"))
    assert ([task["id"] for task in data["tasks"]], data["problems"]) == (["extract", "last"], [])
    ((_, _, data),) = graphs(run("3", "print('no task any more')"))
    assert [task["id"] for task in data["tasks"]] == ["extract"]


def test_a_failing_body_fails_the_cell_so_that_the_next_do_not_run(run: Run) -> None:
    status, outputs = run("9", "%%task failing\n\n1 / 0")
    assert status == "error"
    (error,) = [said for kind, said in outputs if kind == "error"]
    assert error["ename"] == "ZeroDivisionError"
    assert "line 3" in "".join(error["traceback"])
    assert run("9", "x = 1")[0] == "ok"


def test_a_mistyped_option_fails_the_cell(run: Run) -> None:
    status, outputs = run("10", "%%task failing --retrys 3\nprint('it has run')")
    texts = [said["text"] for kind, said in outputs if kind == "stream"]
    assert (status, texts) == (
        "error",
        ["UsageError: %%task has no option --retrys. Did you mean '--retries'?\n"],
    )
    assert run("10", "x = 1")[0] == "ok"


def test_the_dag_runs_from_its_kernel(run: Run, tmp_path: Path) -> None:
    run("1", "%load_ext studio\n%dag tested")
    run("2", "%%task a\nx = 20")
    run("3", "%%task b\nprint(x + 1)")
    status, outputs = run("4", f"print(dag.test('2013-01-01', directory={str(tmp_path)!r}).check().state)")
    assert status == "ok", outputs
    assert any("success" in said.get("text", "") for _, said in outputs)
