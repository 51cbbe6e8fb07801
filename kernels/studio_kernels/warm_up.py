"""What a fork server does before it serves: import, build and use once what all its kernels have in common."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from contextlib import suppress
from typing import Any

from studio_kernels import preloads

_CONFIGURATION = (
    *(f"ipython{kind}_config.{ending}" for kind in ("", "_kernel") for ending in ("json", "py")),
    "startup",
)


def fingerprint() -> str:
    """Changes when a package is installed or removed, or the configuration of kernels is changed.

    Only folders of installed packages are looked at: what people edit themselves is never imported before a fork.
    """
    stamps: list[str] = []
    profile = os.path.join(
        os.environ.get("IPYTHONDIR") or os.path.expanduser("~/.ipython"), "profile_default"
    )
    configuration = [os.path.join(profile, name) for name in _CONFIGURATION]
    packages = [path for path in sys.path if path.endswith("-packages")]
    for path in (*packages, os.path.join(sys.prefix, "pyvenv.cfg"), *configuration):
        with suppress(OSError):
            stamps.append(f"{path}={os.stat(path).st_mtime_ns}")
    return ";".join(stamps)


def threads() -> int:
    """How many this process has, those of libraries included."""
    return len(os.listdir("/proc/self/task"))


def preload(names: list[str]) -> tuple[frozenset[str], str | None]:
    """Import these libraries, as far as they are there; and the name of one that has started a thread."""
    done: set[str] = set()
    for name in names:
        before = threads()
        try:
            for module in preloads.ALLOWED[name]:
                importlib.import_module(module)
        except Exception:  # not installed, or broken: the task will say it
            continue
        if threads() > before:
            return frozenset(done), name
        done.add(name)
    return frozenset(done), None


def use_once(preloaded: frozenset[str]) -> None:
    """What libraries do only when they are first used."""
    for names, code in preloads.FIRST_USES.items():
        if preloaded.issuperset(names):
            with suppress(Exception), warnings.catch_warnings():  # the task will say it
                warnings.simplefilter("ignore")
                exec(code, {"__name__": "first_use"})


def build(kind: str) -> Any:
    """Import and build what all kernels have in common."""
    if kind == "zmq":
        importlib.import_module("studio_kernels.zmq_kernel")
        return None
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # batch kernels have no debugger: 9 MB each
    from studio_kernels.pipe_kernel import PipeKernelApp  # noqa: PLC0415

    app = PipeKernelApp.instance()
    app.build(["--HistoryManager.enabled=False", "--HistoryManager.hist_file=:memory:"])
    del sys.modules["debugpy"]
    return app
