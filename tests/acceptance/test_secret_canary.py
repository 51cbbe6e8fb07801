"""A secret is said in every way that tasks have, and is found nowhere: not on the disk, and in no answer."""

from __future__ import annotations

import base64
import http.server
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import nbformat
import psutil
import pytest
from click.testing import CliRunner

from studio.api.models import Subscribe
from studio.api.routes import ROUTES
from studio.cli.commands import studio as command_line
from studio.client import Client
from studio.client.endpoint import Endpoint
from studio.client.follow import follow
from studio.client.transport import Transport
from tests.acceptance.conftest import RealStudio

pytestmark = pytest.mark.acceptance

GENEROUS = 120.0  # seconds until something that must happen is called missing

#: Of a connection's password and its extra, of a secret variable, and of one with lines.
PASSWORD = "Kx7-'canary\"/é&+ one"
KEY = "Wd5canaryKeyOfAnExtra"
TOKEN = "Vq3canaryTokenOfAVariable"
LINES = "-----BEGIN KEY-----\nMIIcanaryFirstLine\nMIIcanarySecondLine\n-----END KEY-----"
CANARIES = (PASSWORD, KEY, TOKEN, "MIIcanaryFirstLine", "MIIcanarySecondLine")

CODE = """
import base64, json, logging, os, subprocess, sys, threading, time, urllib.parse, warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import studio

def secrets():
    canary = studio.connection("canary")
    return [canary.password, canary.extra["key"], studio.variable("token"), *studio.variable("lines").splitlines()[1:3]]

def say(secret):
    print("plain says", secret)
    print("repr says", repr(secret))
    print("json says", json.dumps({"a": json.dumps([secret])}))
    print("url says", urllib.parse.quote(secret))
    print("bytes says", secret.encode())
    print("base64 says", base64.b64encode(b"ab" + secret.encode()).decode())
    print("hex says", secret.encode().hex())
    sys.stdout.write("halves says " + secret[:7]); sys.stdout.flush(); sys.stdout.write(secret[7:] + "\\n")
    print(f"\\rbar says {secret}", end="", flush=True); print()
    print("stderr says", secret, file=sys.stderr)
    logging.getLogger("leaky").warning("logging says %s", secret)
    warnings.warn(f"warning says {secret}")
    thread = threading.Thread(target=print, args=("thread says", secret))
    thread.start(); thread.join()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: print("pool says", studio.connection("canary").password)).result()
    subprocess.run(["echo", "a child that inherits says", secret])
    print("child says", subprocess.run(["echo", secret], capture_output=True, text=True).stdout)

def speaks(given):
    print("all of it says", studio.variable("lines"))
    for secret in secrets():
        say(secret)
    assert given == secrets()[0]
    studio.show("text says " + secrets()[0]); studio.show({"dict says": secrets()})
    return {given: [secrets(), {"deep": studio.variable("lines")}]}

def labelled(n):
    return n

def raises():
    try:
        raise ValueError(f"inner says {secrets()[0]}")
    except ValueError as error:
        raise RuntimeError(f"outer says {secrets()[1]} and {studio.variable('lines')}") from error

def skips():
    raise studio.Skip(f"skipped because of {secrets()[1]}")

def fails():
    raise studio.Fail(f"failed because of {secrets()[0]}")

def told(context):
    print("callback was told", context)

def waits(gate):
    secrets()
    while not Path(gate).exists():
        time.sleep(0.05)
"""

NOTEBOOK_CELLS = (
    "from leaky import *\nfrom IPython.display import HTML, clear_output, display, update_display\n"
    "first, key, token, *_ = secrets()",
    "for secret in secrets():\n    say(secret)",
    "display(HTML(f'<p>html says {first}</p>')); handle = display({'text/plain': token}, raw=True, display_id='x')\n"
    "update_display({'text/plain': f'update says {token}'}, raw=True, display_id='x')",
    "import os, subprocess, time\n_ = os.write(1, f'fd says {token}\\n'.encode()); time.sleep(1)  # a thread reads it\n"
    "print(subprocess.run(['echo', 'process says', token], capture_output=True, text=True).stdout)\n"
    "!echo shell says {token}",
    "print(first); clear_output(wait=True); print('cleared says', token)",
    "import studio\nstudio.save('harmless', 1)\n['result says', {first: [token]}]",
    "studio.exit(value={first: [token]})",
)

DAG = """
from studio import DAG, function, http, notebook, operator, shell, sql

ALL = {{"connections": ["canary"], "variables": ["token", "lines"]}}

with DAG("leaky") as dag:
    function("leaky:waits", args={{"gate": {gate!r}}}, task_id="waits", **ALL)
    notebook("waits.ipynb", task_id="waits_too", **ALL)
    function("leaky:speaks", args={{"given": "{{{{ conn.canary.password }}}}"}}, task_id="speaks", **ALL)
    function("leaky:raises", task_id="raises", on_failure="leaky:told", **ALL)
    function("leaky:labelled", task_id="mapped", map_index_template="label says {{{{ var.value.token }}}}",
        **ALL).expand(n=[1, 2])
    function("leaky:skips", task_id="skips", **ALL)
    function("leaky:fails", task_id="fails", on_failure="leaky:told", **ALL)
    notebook("leaky.ipynb", parameters={{"given": "{{{{ var.value.token }}}}"}}, task_id="shows", export="html", **ALL)
    notebook("breaks.ipynb", task_id="breaks", on_failure="leaky:told", **ALL)
    shell(
        "echo says $TOKEN; echo says $TOKEN >&2; exit 3",
        env={{"TOKEN": "{{{{ var.value.token }}}}"}},
        use_shell=True,
        task_id="calls",
    )
    sql("SELECT :token AS says", connection="file", parameters={{"token": "{{{{ var.value.token }}}}"}}, task_id="asks")
    sql("SELECT 1", connection="down", task_id="asks_nobody")
    http("/echo", connection="web", headers={{"X-Token": "{{{{ var.value.token }}}}"}}, task_id="requests")
    http("/missing/{{{{ var.value.token }}}}", connection="web", task_id="requests_in_vain")
"""

#: A table is kept as it is, and given back so; the guide says it. Its preview is masked.
TABLE = "/tasks/asks/values/return_value"

PRINTED = (
    "plain", "repr", "json", "url", "bytes", "base64", "hex", "halves", "bar", "stderr", "logging", "warning", "thread",
    "pool", "child", "a child that inherits",
)  # fmt: skip
#: What each task must have said with the mask in the secret's place, in an answer of the API: nobody passes by silence.
SAID = {
    "speaks": (*PRINTED, "all of it", "text", "dict"),
    "raises": ("inner", "outer"),
    "shows": (*PRINTED, "html", "update", "fd", "process", "shell", "cleared", "result"),
    "breaks": ("breaks with",),
    "skips": ("skipped because of",),
    "fails": ("failed because of",),
    "calls": ("says",),
    "asks": ("says",),
    "requests": ("X-Token",),
    "requests_in_vain": ("/missing/",),
}


def spellings(secret: str) -> list[bytes]:
    """How it could stand somewhere: written without the product's own list."""
    data = secret.encode()
    texts = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    ]
    texts += [json.dumps(json.dumps(secret)[1:-1])[1:-1], quote(secret), quote(secret, safe=""), data.hex()]
    encoded = [base64.b64encode(b"\0" * offset + data)[4:-4] for offset in range(3)]
    return [
        *(text.encode() for text in dict.fromkeys(texts)),
        *encoded,
        secret[:7].encode(),
        secret[-9:].encode(),
    ]


def leaks(places: Mapping[str, bytes]) -> list[str]:
    wanted = [each for canary in CANARIES for each in spellings(canary)]
    return [
        f"{place}: {each!r} in …{_around(content, each)!r}…"
        for place, content in places.items()
        for each in wanted
        if each in content
    ]


def _around(content: bytes, found: bytes) -> bytes:
    at = content.index(found)
    return content[max(0, at - 60) : at + len(found) + 20]


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the headers that it was given."""

    def do_GET(self) -> None:
        body = json.dumps({"headers": dict(self.headers), "path": self.path}).encode()
        self.send_response(200 if self.path == "/echo" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that repeats what it was told."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_secret_is_said_by_every_kind_of_task_and_found_nowhere(
    real_studio: RealStudio, tmp_path: Path, echo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with it kernels do not see what programs write
    folder = real_studio.settings.home / "dags"
    gate = tmp_path / "gate"
    _write_dag(folder, gate)
    with real_studio.start() as client:
        endpoint = real_studio.endpoint
        assert endpoint is not None
        _set_secrets(client, tmp_path, echo)
        _wait_for(lambda: _is_published(client))
        run_id = client.trigger_run("leaky").run.run_id
        with _listening(client, endpoint, run_id) as heard:
            _wait_for(
                lambda: _states(client, run_id)["waits"] == _states(client, run_id)["waits_too"] == "running"
            )
            _wait_for(lambda: client.get_output("leaky", run_id, "waits_too").cells_done >= 1)
            processes = _seen_of(real_studio.processes())
            gate.touch()
            client.wait_for_run("leaky", run_id, timeout=GENEROUS)
        states = _states(client, run_id)
        answers = _answers(endpoint, run_id, sorted(states))
        told = _told_by_commands(run_id, sorted(states))
    disk = {
        str(path): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and not path.is_symlink()
    }

    assert states == {
        "waits": "success", "waits_too": "success", "speaks": "success", "raises": "failed", "skips": "skipped",
        "fails": "failed", "mapped": "success", "shows": "success", "breaks": "failed", "calls": "failed",
        "asks": "success", "asks_nobody": "failed", "requests": "success", "requests_in_vain": "failed",
    }  # fmt: skip
    silent = [
        (task_id, way)
        for task_id, ways in SAID.items()
        for way in ways
        if not any(
            re.search(re.escape(way.encode()) + rb"[^\n]{0,80}\*\*\*", content)
            for place, content in answers.items()
            if f"/tasks/{task_id}/" in place or place.endswith(f"/tasks/{task_id}")
        )
    ]
    assert silent == []
    assert any(b"label says ***" in content for content in answers.values())
    assert any(
        b"callback was told" in content and b"failed because of ***" in content
        for place, content in disk.items()
        if place.endswith(".jsonl")
    )
    assert any("waits" in place for place in answers) and len(heard) > 20 and len(processes) >= 4
    assert leaks(processes) == []
    assert leaks({f"event {index}": each for index, each in enumerate(heard)}) == []
    assert leaks({place: each for place, each in answers.items() if not place.endswith(TABLE)}) == []
    assert leaks(told) == []
    files = real_studio.settings.home / "values"
    assert leaks({place: each for place, each in disk.items() if not place.startswith(str(files))}) == []


def _write_dag(folder: Path, gate: Path) -> None:
    folder.mkdir(parents=True)
    folder.joinpath("leaky.py").write_text(CODE)
    folder.joinpath("leaky_dag.py").write_text(DAG.format(gate=str(gate)))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    given = nbformat.v4.new_code_cell("given = ''", metadata={"tags": ["parameters"]})
    waits = (f"import leaky\nleaky.waits({str(gate)!r})",)
    breaks = ("from leaky import *", "raise RuntimeError(f'breaks with {secrets()[0]} and {secrets()[1]}')")
    for name, sources in (
        ("leaky", NOTEBOOK_CELLS),
        ("breaks", breaks),
        ("waits", ("print('begun')", *waits)),
    ):
        cells = (
            [given, *map(nbformat.v4.new_code_cell, sources)]
            if name == "leaky"
            else list(map(nbformat.v4.new_code_cell, sources))
        )
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")


def _set_secrets(client: Client, folder: Path, port: int) -> None:
    client.set_connection("canary", type="generic", host="h", password=PASSWORD, extra={"key": KEY})
    client.set_connection("web", type="http", host="127.0.0.1", port=port, login="ada", password=PASSWORD)
    client.set_connection(
        "down", type="postgresql", host="127.0.0.1", port=1, login="ada", password=PASSWORD, schema="test"
    )
    client.set_connection("file", type="sqlite", schema=str(folder / "file.db"))
    client.set_variable("token", TOKEN, secret=True)
    client.set_variable("lines", LINES, secret=True)


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GENEROUS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_published(client: Client) -> bool:
    found = client.list_dags()
    assert [each.error for each in found.files if each.error] == []
    return bool(found.dags)


def _states(client: Client, run_id: str) -> dict[str, str]:
    return {each.task_id: each.state.value for each in client.get_run("leaky", run_id).tasks}


@contextmanager
def _listening(client: Client, endpoint: Endpoint, run_id: str) -> Iterator[list[bytes]]:
    """All messages of the stream about the run, as a browser with every task open would get them."""
    heard: list[bytes] = []
    keys = [f"leaky/{run_id}/{task_id}/-1" for task_id in _states(client, run_id)]
    subscription = Subscribe(dags=True, dag_ids=["leaky"], outputs=keys, logs=keys)
    transport = Transport(endpoint, None)
    is_over = threading.Event()

    def listen() -> None:
        while not is_over.is_set():
            try:
                for message in follow(transport, subscription, until=time.monotonic() + 1.0):
                    heard.append(msgspec.json.encode(message))
            except TimeoutError:
                continue

    thread = threading.Thread(target=listen)
    thread.start()
    yield heard
    is_over.set()
    thread.join()
    transport.close()


def _seen_of(processes: Sequence[psutil.Process]) -> dict[str, bytes]:
    """Arguments and environments, as `ps` shows them."""
    seen: dict[str, bytes] = {}
    for process in processes:
        try:
            seen[f"process {process.pid}"] = json.dumps([process.cmdline(), process.environ()]).encode()
        except psutil.Error:
            continue
    return seen


def _answers(endpoint: Endpoint, run_id: str, task_ids: Sequence[str]) -> dict[str, bytes]:
    """What every GET of the API says about the run, by path."""
    paths = {
        route.path.format(
            dag_id="leaky",
            run_id=quote(run_id),
            task_id=task_id,
            version=1,
            backfill_id=1,
            name=name,
            digest="",
        )
        for route in ROUTES
        for task_id in task_ids
        for name in ("return_value", "token", "lines", "canary", "web", "harmless")
        if route.method == "GET"
    }
    headers = {"Authorization": f"token {endpoint.token}"}
    with httpx.Client(base_url=endpoint.url, headers=headers, timeout=GENEROUS) as http:
        answers = {path: http.get(path) for path in sorted(paths)}
    assert sum(answer.is_success for answer in answers.values()) > 100
    return {path: answer.content for path, answer in answers.items()}


def _told_by_commands(run_id: str, task_ids: Sequence[str]) -> dict[str, bytes]:
    """What the command line prints, for people and for programs."""
    asked = [
        ["runs", "show", "leaky", run_id],
        ["connections", "list"],
        ["variables", "list"],
        ["dags", "show", "leaky"],
    ]
    asked += [
        ["tasks", what, "leaky", task, *(["--map-index", "0"] if task == "mapped" else [])]
        for task in task_ids
        for what in ("show", "log", "output", "values")
    ]
    told: dict[str, bytes] = {}
    for words in asked:
        for more in ([], ["--json"]):
            result = CliRunner().invoke(command_line, [*words, *more])
            assert result.exit_code == 0 or words[1] in ("output", "log", "values"), (words, result.output)
            told[" ".join([*words, *more])] = result.output.encode()
    assert any(b"says ***" in output for output in told.values())
    return told
