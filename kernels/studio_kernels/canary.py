"""A first kernel, forked and thrown away before any task gets one: it shows that kernels work here, and tells which
modules a kernel imports only when it runs, so that the fork server can import them for all."""

from __future__ import annotations

import importlib
import json
import os
import select
import socket
import sys
import time
import uuid
from typing import Any

from studio_kernels import forked, wire

_TIME = 30.0  # seconds
_ROUNDS = 2  # the second sees that what the first one taught has done no harm
_SAFE = frozenset(
    (
        *(
            "IPython",
            "PIL",
            "ast",
            "asttokens",
            "asyncio",
            "comm",
            "concurrent",
            "cycler",
            "decorator",
            "encodings",
        ),
        *(
            "executing",
            "fontTools",
            "ipykernel",
            "json",
            "jupyter_client",
            "kiwisolver",
            "linecache",
            "matplotlib",
        ),
        *(
            "matplotlib_inline",
            "mpl_toolkits",
            "multiprocessing",
            "numpy",
            "pure_eval",
            "pygments",
            "stack_data",
        ),
        *("tokenize", "tornado", "traitlets", "zmq"),
    )
)

_LOOK = "__import__('json').dumps(sorted(__import__('sys').modules))"
_PLOT = "import matplotlib.pyplot as _p; _p.plot([1, 2]); _p.show(); _p.close('all')"


def try_out(server: Any) -> dict[str, Any]:
    """Raises `SystemExit` if kernels do not work. Returns their `kernel_info`."""
    if server.app is None:
        return {}
    info: dict[str, Any] = {}
    for _ in range(_ROUNDS):
        info, modules = _kernel(server)
        for name in modules:
            if name not in sys.modules and name.split(".")[0] in _SAFE:
                try:
                    importlib.import_module(name)
                except Exception:  # one that is made when something runs
                    continue
    return info


def _kernel(server: Any) -> tuple[dict[str, Any], list[str]]:
    ours, theirs = socket.socketpair()
    heard, spoken = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            heard.close()
            stderr = os.dup(2)
            forked.detach(contain=False, parent=os.getppid())
            server.app.prepare()
            forked.dress({"env": dict(os.environ)}, stderr)
            server.app.connect(theirs, spoken)
            server.app.end(server.app.serve(), "1 + 1")
        finally:
            os._exit(1)
    theirs.close()
    spoken.close()
    try:
        client = _Client(ours, heard)
        info = client.ask("kernel_info_request", {})
        cells = [
            "print('fork', end=''); 1",
            "1 / 0",
            *([_PLOT] if "matplotlib.pyplot" in sys.modules else []),
        ]
        answers = [client.execute(cell) for cell in cells]
        reply = client.execute("pass", {"modules": _LOOK})
        expected = ["ok", "error", *["ok"] * (len(cells) - 2)]
        if [answer["status"] for answer in answers] != expected or "fork" not in client.texts:
            raise SystemExit(f"A forked kernel does not work here: {answers}, {client.texts}")
        modules = json.loads(eval(reply["user_expressions"]["modules"]["data"]["text/plain"]))
        client.close()
        deadline = time.monotonic() + _TIME
        while not os.waitpid(pid, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                raise SystemExit("A forked kernel does not end here.")
            time.sleep(0.002)
        return info, modules
    except BaseException:
        try:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        raise
    finally:
        client.close()


class _Client:
    """As little of a client as it takes."""

    def __init__(self, requests: socket.socket, answers: socket.socket) -> None:
        self._requests, self._answers = requests, answers
        self._reader = wire.FrameReader()
        self.texts = ""

    def close(self) -> None:
        self._requests.close()

    def execute(self, code: str, expressions: dict[str, str] | None = None) -> dict[str, Any]:
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        return self.ask("execute_request", {**content, "user_expressions": expressions or {}})

    def ask(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        message_id = uuid.uuid4().hex
        header = {
            "msg_id": message_id,
            "msg_type": kind,
            "session": "canary",
            "username": "",
            "version": "5.3",
        }
        document = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._requests.sendall(wire.frame(json.dumps(document).encode()))
        reply: dict[str, Any] = {}
        while True:
            if not select.select([self._answers], [], [], _TIME)[0]:
                raise SystemExit(f"A forked kernel does not answer a {kind} here.")
            data = self._answers.recv(1 << 16)
            if not data:
                raise SystemExit(f"A forked kernel died of a {kind} here.")
            for message in self._reader.feed(data):
                if message["parent_header"].get("msg_id") != message_id:
                    continue
                if message["header"]["msg_type"] == "stream":
                    self.texts += message["content"]["text"]
                elif message["channel"] == wire.SHELL:
                    reply = message["content"]
                elif message["content"].get("execution_state") == "idle":
                    return reply
