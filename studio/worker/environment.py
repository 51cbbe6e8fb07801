"""In what an attempt of a notebook ran: kernel, language, packages, platform, git, and hashes of what went in.

    {"kernel": {"name", "display_name"}, "language": {"name", "version"},
     "python": {"executable", "implementation", "version"} or None, "packages": {"digest", "imported": {name: version}}
     or None, "platform": text, "git": {"revision", "dirty"} or None, "parameters_digest", "source_digest"}

`packages` is the hash of all that are installed, and those that the kernel's process has loaded, preloaded ones
included. What cannot be known is None.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from studio.worker.git_state import GitState
from studio.worker.installed_packages import as_json, packages_in

#: Asked of a Python kernel at its end. Users name variables `list` and `str`, so it uses no name of theirs.
PROBE: Final = """(lambda b, s, j: j.dumps({
    "executable": s.executable, "implementation": s.implementation.name,
    "version": "%d.%d.%d" % s.version_info[:3], "path": s.path,
    "modules": [n for n, m in b.list(s.modules.items()) if "." not in n and m is not None
        and n not in b.getattr(s, "stdlib_module_names", ()) and "-packages" in (b.getattr(m, "__file__", "") or "")],
}))(__import__("builtins"), __import__("sys"), __import__("json"))"""


class Environment:
    """Gathers the record of one attempt; git is asked from the beginning on."""

    def __init__(self, folder: str, *, parameters: Mapping[str, Any], source_digest: str | None) -> None:
        """`folder`: the notebook's; `parameters` as injected."""
        self._git = GitState(folder)
        self._record: dict[str, Any] = {"kernel": None, "language": None, "python": None, "packages": None}
        told = json.dumps(parameters, sort_keys=True, default=str)
        self._hashes = {
            "parameters_digest": hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest(),
            "source_digest": source_digest,
        }

    def kernel_answers(self, name: str, display_name: str | None, info: Mapping[str, Any]) -> None:
        """`info`: its kernel_info reply."""
        language = info.get("language_info") or {}
        self._record["kernel"] = {"name": name, "display_name": display_name}
        self._record["language"] = {"name": language.get("name"), "version": language.get("version")}

    def probed(self, text: str) -> None:
        """The kernel's answer to `PROBE`, as text."""
        try:
            told = json.loads(ast.literal_eval(text))
            modules = [str(name) for name in told["modules"]]
            found = packages_in([str(folder) for folder in told["path"]])
            python = {name: told[name] for name in ("executable", "implementation", "version")}
        except (
            ValueError,
            SyntaxError,
            TypeError,
            KeyError,
        ):  # user code may have changed how values are shown
            return
        self._record |= {"python": python, "packages": as_json(found, modules)}

    def record(self) -> dict[str, Any]:
        """What is known by now; waits for git's answer."""
        return {**self._record, "platform": _platform(), "git": self._git.state(), **self._hashes}


@cache
def _platform() -> str:
    if hasattr(os, "uname"):
        told = os.uname()
        return f"{told.sysname} {told.release} {told.machine}"
    return platform.platform()
