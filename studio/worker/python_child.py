"""The process that calls a function in another Python environment. Stdlib only: nothing else of ours is there.

Started as `python -I python_child.py SOCKET_FD PARENT_PID` by `studio.worker.python_process`. It is given one line of
JSON, `{"library", "config", "path", "args", "measured"}`, and says lines of JSON: any number of
`{"log": [level, logger, text, time]}`, then one of

    {"value": JSON with references, "assets": {name: extra}}
    {"outcome": name, "text", "payload", "errors": [class names]}
    {"refused": text, "errors"}                  it broke a rule of ours: the message says all
    {"error": text, "traceback": text, "errors"}
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import socket
import sys
from typing import Any


def main() -> None:
    link = socket.socket(fileno=int(sys.argv[1]))
    link.set_inheritable(False)
    with link.makefile("r", encoding="utf-8") as lines:
        request = json.loads(lines.readline())
    sys.path.insert(0, request["library"])  # where `studio` is, and nothing else
    _die_with(int(sys.argv[2]))
    sys.argv = [""]
    sys.path[1:1] = request["path"]
    say = _Voice(link)
    root = logging.getLogger()
    root.addHandler(_Handler(say))
    root.setLevel(logging.INFO)
    answer = _called(request)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the function has closed it
            pass
    try:
        say(answer)
    finally:
        os._exit(0)  # threads that the function left must not hold the process


def _die_with(parent: int) -> None:
    from studio.worker.processes import die_with  # noqa: PLC0415 - found only now

    die_with(parent)


def _called(request: dict[str, Any]) -> dict[str, Any]:
    from studio.errors import InvalidInput, NotFound  # noqa: PLC0415
    from studio.outcomes import TaskOutcome, collecting_asset_events  # noqa: PLC0415
    from studio.values.attempt import current_values  # noqa: PLC0415
    from studio.values.errors import ValueNotRead, ValueStoreUnavailable  # noqa: PLC0415
    from studio.worker.carried_code import function_of  # noqa: PLC0415
    from studio.worker.error_names import class_names  # noqa: PLC0415
    from studio.worker.user_code import told  # noqa: PLC0415

    values = current_values()
    assert values is not None
    try:
        arguments = {name: values.restored(value) for name, value in request["args"].items()}
        with collecting_asset_events() as events:
            value = function_of(request["config"], request["path"])(**arguments)
            if inspect.iscoroutine(value):
                value = asyncio.run(value)
        return {"value": values.kept(value, is_measured=request["measured"]), "assets": events}
    except TaskOutcome as outcome:
        kind = next(base.__name__ for base in type(outcome).__mro__ if base.__module__ == "studio.outcomes")
        names = class_names(type(outcome))
        return {"outcome": kind, "text": str(outcome), "payload": outcome.payload(), "errors": names}
    except (InvalidInput, NotFound, ValueNotRead, ValueStoreUnavailable) as error:
        return {"refused": f"{type(error).__name__}: {error}", "errors": class_names(type(error))}
    except BaseException as error:  # SystemExit, too, fails the attempt
        head = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return {"error": head, "traceback": told(error), "errors": class_names(type(error))}


class _Voice:
    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._pid = os.getpid()

    def __call__(self, message: dict[str, Any]) -> None:
        if os.getpid() == self._pid:  # a forked child has no voice
            self._link.sendall(json.dumps(message).encode() + b"\n")


class _Handler(logging.Handler):
    def __init__(self, say: _Voice) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._say({"log": [record.levelname, record.name, self.format(record), record.created]})
        except Exception:
            self.handleError(record)


if __name__ == "__main__":
    main()
