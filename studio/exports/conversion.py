"""One conversion, in a process of its own, which has a time limit and ends with whoever waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal, get_args

from studio.errors import ExportFailed, ExportUnavailable, StudioError

Format = Literal["html", "pdf"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

TIME_LIMITS: Final[dict[Format, float]] = {"html": 60.0, "pdf": 300.0}  # seconds
MAX_EXPORT: Final = 200 << 20  # bytes
_SAID: Final = 500  # characters of what a process said that died


async def convert(notebook: Path, form: Format, *, title: str = "", images: str = "") -> bytes:
    """The notebook in another format. `images`: the directory in which its Markdown finds pictures.

    Raises `ExportFailed` and `ExportUnavailable`. When it is cancelled the process is killed before it returns.
    """
    with tempfile.TemporaryDirectory(prefix="studio-export-", ignore_cleanup_errors=True) as directory:
        target = Path(directory) / f"output.{form}"
        await _run(directory, [form, str(notebook.absolute()), str(target), title or notebook.stem, images])
        if target.stat().st_size > MAX_EXPORT:
            raise ExportFailed(f"The {form.upper()} has more than {MAX_EXPORT >> 20} MB.")
        return await asyncio.to_thread(target.read_bytes)


async def _run(directory: str, arguments: list[str]) -> None:
    form: Format = "pdf" if arguments[0] == "pdf" else "html"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "studio.exports", *arguments,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=directory,  # `-m` looks there first: it is empty, and nobody else can write to it
        start_new_session=True,
    )  # fmt: skip
    try:
        said, complained = await asyncio.wait_for(process.communicate(), TIME_LIMITS[form])
    except asyncio.TimeoutError as error:
        raise ExportFailed(
            f"Making the {form.upper()} took more than {TIME_LIMITS[form]:.0f} s and was stopped.",
            hint="The notebook's outputs are large, or a script in them does not end; download the notebook instead.",
        ) from error
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(
                process.pid, signal.SIGKILL
            )  # with what it has started; the pid is ours until it is waited for
        await process.wait()
    if process.returncode != 0:
        raise _error_of(said, complained, process.returncode)


def _error_of(said: bytes, complained: bytes, code: int | None) -> StudioError:
    try:
        told = json.loads(said)
        kind = ExportUnavailable if told["code"] == ExportUnavailable.code else ExportFailed
        return kind(str(told["message"]), hint=told["hint"])
    except (ValueError, KeyError, TypeError):
        words = complained.decode(errors="replace").strip()[-_SAID:]
        return ExportFailed(f"The conversion ended with code {code}: {words}")
