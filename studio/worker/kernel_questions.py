"""What a kernel is asked beside the cells: code it runs silently, and expressions whose values it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Empty
from typing import Any, Final

from nbclient.exceptions import DeadKernelError

from studio.core.cell_tags import is_true
from studio.core.names import shown
from studio.worker.environment import PROBE
from studio.worker.kernel_process import KernelProcess
from studio.worker.notebook_observer import ConditionFailed

_PROBE_LIMIT: Final = 5.0  # seconds
_STRICT_LIMIT: Final = 30.0  # seconds
#: IPython runs `!command` by `system` and `x = !command` by `getoutput`; the former has expanded `{names}` of the
#: calling frame, which is why ours expands them itself and does so once.
_STRICT: Final = """
def _studio_strict(shell):
    from subprocess import CalledProcessError
    run = shell.system
    def system(command):
        command = shell.var_expand(command, depth=1)
        shell.user_ns["_exit_code"] = 0
        shell.var_expand = lambda text, **more: text
        try:
            run(command)
        finally:
            del shell.var_expand
        code = shell.user_ns["_exit_code"]
        if code:
            raise CalledProcessError(code, command)
    shell.system = system
    shell.system_raise_on_error = True
_studio_strict(get_ipython())
del _studio_strict
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """To one expression: its value as text, or what went wrong ("NameError: name 'x' is not defined")."""

    text: str | None = None
    error: str | None = None


async def ask(
    client: Any,
    expressions: Mapping[str, str],
    *,
    code: str = "",
    dead: asyncio.Event,
    timeout: float | None,
) -> dict[str, Answer]:
    """The kernel's answers after `code`, by the keys of `expressions`; without those that it cannot give.

    If `code` itself fails, what it raised stands under the key "". Nothing of it is in the history or counted, and
    what it prints belongs to no cell. Raises `DeadKernelError`, and `TimeoutError` after `timeout` seconds, when the
    kernel is still busy with it.
    """
    request = client.execute(
        code,
        silent=True,
        store_history=False,
        user_expressions=dict(expressions),
        allow_stdin=False,
        stop_on_error=False,
    )
    reply = asyncio.ensure_future(_reply(client, request))
    death = asyncio.ensure_future(dead.wait())
    try:
        await asyncio.wait({reply, death}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if reply.done():
            return _answers(reply.result())
        if death.done():
            raise DeadKernelError("Kernel died")
        raise TimeoutError(f"The kernel did not answer within {timeout:g} s.")
    finally:
        reply.cancel()
        death.cancel()


async def _reply(client: Any, request: str) -> dict[str, Any]:
    while True:
        try:
            message = await client.shell_channel.get_msg(timeout=None)
        except Empty:
            continue
        if message["parent_header"].get("msg_id") == request:
            return dict(message["content"])


def _answers(content: dict[str, Any]) -> dict[str, Answer]:
    if content.get("status") != "ok":
        return {"": Answer(error=_told(content))}
    found: dict[str, Answer] = {}
    given = content.get("user_expressions")
    for name, value in given.items() if isinstance(given, dict) else ():
        if value.get("status") == "ok":
            found[name] = Answer(text=str((value.get("data") or {}).get("text/plain", "")))
        else:
            found[name] = Answer(error=_told(value))
    return found


def _told(error: dict[str, Any]) -> str:
    return f"{error.get('ename') or 'Error'}: {str(error.get('evalue') or '')[:500]}"


async def condition(kernel: KernelProcess, expression: str, is_python: bool, timeout: float | None) -> bool:
    """Whether `expression` is true in the kernel. Raises `ConditionFailed`, and what `ask` raises."""
    asked = f"not not (\n{expression}\n)" if is_python else expression
    answers = await ask(kernel.client, {"condition": asked}, dead=kernel.dead, timeout=timeout)
    answer = answers.get("condition") or answers.get("")
    if answer is None:
        raise ConditionFailed(
            f"the kernel {shown(kernel.kernel_name)} cannot tell what {shown(expression)} is: it evaluates no "
            "expressions beside cells (`user_expressions`)."
        )
    if answer.text is None:
        raise ConditionFailed(f"{shown(expression)} raised {answer.error}")
    return is_true(answer.text)


async def make_strict(kernel: KernelProcess) -> str | None:
    """Have a `!command` that fails fail its cell, in a Python kernel; why that cannot be had, else None."""
    try:
        answers = await ask(kernel.client, {}, code=_STRICT, dead=kernel.dead, timeout=_STRICT_LIMIT)
    except (DeadKernelError, TimeoutError):  # the first cell will say it
        return "it did not answer"
    return answers[""].error if "" in answers else None


async def probe(kernel: KernelProcess) -> str:
    """What a Python kernel that is idle answers to `PROBE`; "" if it does not."""
    try:
        answers = await ask(kernel.client, {"probe": PROBE}, dead=kernel.dead, timeout=_PROBE_LIMIT)
    except (DeadKernelError, TimeoutError):
        return ""
    return (answers["probe"].text or "") if "probe" in answers else ""
