from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.spec import CacheSpec
from studio.secrets.delivery import Delivered
from studio.worker.cache_key import code_digest, digest_of, key_of
from studio.worker.kinds import run_task
from studio.worker.task import TaskRequest, TaskResult

MODULE = """
import studio
from cached_beside import FACTOR

def scaled(n, file):
    with open(file, "a") as out:
        out.write("ran\\n")
    studio.save("twice", [n, n])
    return {"n": n * FACTOR, "blob": b"x" * n}

def fails(n, file):
    with open(file, "a") as out:
        out.write("ran\\n")
    raise ValueError(n)
"""


class Desk:
    """Attempts of one task, one directory each; `ran` says how often its code has run."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.attempts = 0
        self.module("cached_module", MODULE)
        self.module("cached_beside", "FACTOR = 2\n")
        self.file = home / "ran.txt"

    def module(self, name: str, source: str) -> None:
        (self.home / f"{name}.py").write_text(source)

    @property
    def ran(self) -> int:
        return len(self.file.read_text().splitlines()) if self.file.exists() else 0

    def request(self, n: Any = 3, *, function: str = "scaled", **changes: Any) -> TaskRequest:
        self.attempts += 1
        directory = self.home / f"attempt-{self.attempts}"
        directory.mkdir()
        config = {
            "function": f"cached_module:{function}",
            "args": {"n": n, "file": str(self.file)},
            "path": [str(self.home)],
        }
        request = TaskRequest(
            attempt_id=self.attempts,
            dag_id="dag",
            run_id=f"run-{self.attempts}",
            task_id="task",
            try_number=1,
            kind="function",
            config=config,
            context={},
            directory=str(directory),
            values=str(self.home / "values"),
            cache=CacheSpec(),
        )
        return msgspec.structs.replace(request, **changes)

    def run(self, *args: Any, **changes: Any) -> TaskResult:
        return run_task(self.request(*args, **changes), lambda event: None)

    @property
    def log(self) -> str:
        path = self.home / f"attempt-{self.attempts}" / "log.jsonl"
        return "\n".join(json.loads(line)["text"] for line in path.read_text().splitlines())

    @property
    def entries(self) -> list[Path]:
        return sorted((self.home / "values" / "cache").rglob("*.json"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_same_result_counts_again(desk: Desk) -> None:
    first, again = desk.run(), desk.run()
    assert desk.ran == 1
    assert again.state == "success"
    assert (again.value, again.details["values"]) == (first.value, first.details["values"])
    assert {**again.details["cache"], "at": 0.0} == {
        "run_id": "run-1", "task_id": "task", "map_index": -1, "attempt_id": 1, "at": 0.0,
    }  # fmt: skip
    assert "the result of run run-1 counts, from 20" in desk.log


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 4},
        {"cache": CacheSpec(version="2")},
        {"context": {"outputs": {"before": 1}}},
        {"context": {"saved": {"before": {"x": 1}}}},
        {"secrets": Delivered(variables={"limit": 5})},
        {"try_number": 2},
        {"task_id": "other"},
        {"dag_id": "other"},
    ],
)
def test_task_runs_if_something_differs(desk: Desk, changes: dict[str, Any]) -> None:
    desk.run()
    assert "cache" not in desk.run(**changes).details
    assert desk.ran == 2


def test_task_runs_if_its_code_or_what_that_imports_has_changed(desk: Desk) -> None:
    desk.run()
    desk.module("cached_beside", "FACTOR = 30\n")
    assert desk.run().value["n"] == 90
    desk.module("cached_module", MODULE.replace('"n": n', '"n": 1 + n'))
    assert desk.run().value["n"] == 91
    assert desk.ran == 3


def test_asset_events_of_a_hit_are_made(desk: Desk) -> None:
    desk.module(
        "makes", "import studio\ndef make():\n    studio.asset_event('table', rows=7)\n    return 1\n"
    )
    config = {"function": "makes:make", "args": {}, "path": [str(desk.home)]}
    first, again = desk.run(config=config), desk.run(config=config)
    assert again.details["cache"]["run_id"] == "run-1"
    assert again.signal.assets == first.signal.assets != ()


def test_failure_is_not_kept(desk: Desk) -> None:
    assert [desk.run(function="fails").state for _ in range(2)] == ["failed", "failed"]
    assert (desk.ran, desk.entries) == (2, [])


def test_retry_is_kept_for_later_runs(desk: Desk) -> None:
    desk.run(try_number=2)
    assert desk.run().details["cache"]["run_id"] == "run-1"


def test_result_expires(desk: Desk) -> None:
    desk.run()
    (entry,) = desk.entries
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "at": 1e9}))
    assert desk.run(cache=CacheSpec(expires=3600.0)).state == "success"
    assert desk.ran == 2
    assert "A cached result does not count: that of the run run-1 has expired." in desk.log
    assert "cache" in desk.run(cache=CacheSpec(expires=3600.0)).details


def test_result_without_its_values_does_not_count(desk: Desk) -> None:
    desk.run()
    for folder in (desk.home / "values").iterdir():
        if len(folder.name) == 2:
            shutil.rmtree(folder)
    assert "cache" not in desk.run().details
    assert "a value of the run run-1 is not there any more" in desk.log


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b'{"key": 1}', b"[1]"])
def test_damaged_entry_does_not_count(desk: Desk, content: bytes) -> None:
    desk.run()
    (entry,) = desk.entries
    entry.write_bytes(content)
    assert desk.run().state == "success"
    assert desk.ran == 2
    assert "its entry is damaged" in desk.log


def test_store_that_cannot_be_reached_makes_the_task_run(desk: Desk) -> None:
    (desk.home / "values").write_text("no directory")
    result = desk.run(n=0, function="fails")
    assert (result.state, desk.ran) == ("failed", 1)


def test_notebook_hit_needs_no_kernel_and_has_the_output(desk: Desk) -> None:
    cells = [
        nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print(n)"),
    ]
    path = desk.home / "book.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    config = {"path": str(path), "source": "latest", "parameters": {"n": "{{ n }}"}}
    events: list[Any] = []
    for n in (5, 5, 6):
        events.clear()
        request = desk.request(kind="notebook", config=config, context={"n": n})
        result = run_task(request, events.append)
        assert result.state == "success", result.error
        assert f"{n}\n" in Path(request.directory, "output.ipynb").read_text().replace("\\n", "\n")
        if desk.attempts == 2:
            assert events == []
            assert result.details["cache"]["run_id"] == "run-1"
    shutil.rmtree(desk.home / "attempt-1")
    again = run_task(desk.request(kind="notebook", config=config, context={"n": 5}), lambda event: None)
    assert (again.state, "cache" in again.details) == ("success", False)
    assert "the notebook of the run run-1 is not there any more" in desk.log


def test_table_of_a_hit_is_the_same(desk: Desk) -> None:
    desk.module("tables", "import pandas as pd\ndef table():\n    return pd.DataFrame({'a': [1, 2]})\n")
    config = {"function": "tables:table", "args": {}, "path": [str(desk.home)]}
    first, again = desk.run(config=config), desk.run(config=config)
    assert again.value == first.value
    assert again.value["type"].startswith(pd.DataFrame.__module__.partition(".")[0])


def test_secrets_are_in_no_key_and_no_entry(desk: Desk) -> None:
    def told(password: str) -> str:
        secrets = Delivered(
            connections={"db": {"host": "h", "password": password}},
            variables={"v": password},
            hidden=(password,),
        )
        return key_of(desk.request(n="{{ secret }}", context={"secret": password}, secrets=secrets))

    assert told("geheim-1") == told("geheim-2")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def turned_round(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: turned_round(item) for name, item in reversed(value.items())}
    return [turned_round(item) for item in value] if isinstance(value, list) else value


@given(JSON)
def test_key_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert digest_of(value) == digest_of(turned_round(value))


@given(JSON, JSON)
def test_key_changes_with_any_value(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest_of({"n": one}) == digest_of({"n": other})) == same


@given(st.text(), st.text())
def test_code_digest_changes_with_any_source(one: str, other: str) -> None:
    def digest(source: str) -> str:
        config = {"function": "__main__:f", "source": source}
        return code_digest(
            TaskRequest(
                attempt_id=1, dag_id="d", run_id="r", task_id="t", try_number=1, kind="function", config=config,
                context={}, directory="/",
            )
        )  # fmt: skip

    assert (digest(one) == digest(other)) == (one == other)
