"""`shell`: a command of the system, by default without a shell between, so that no value can become a command."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from studio.core.names import shown
from studio.errors import InvalidInput, NotFound, StudioError
from studio.operators.base import AttemptContext, Operator, Verbatim, is_unresolved
from studio.operators.command_text import split_command
from studio.operators.process import Ended, run_process
from studio.operators.shell_errors import explained, not_started
from studio.outcomes import Skip

MAX_VALUE: Final = 16 << 20  # bytes of output that can be the task's value
MAX_LINE: Final = 64 << 10  # bytes of its last line
#: Each command of a script must succeed, of a pipe too, and a variable that is not set is an error.
SHELL: Final = ("bash", "-euo", "pipefail", "-c")

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOLD: Final = 500  # characters of a line that stand in the error

Argument = str | int | float


class CommandFailed(StudioError):
    """A command ended with an error."""

    code = "command_failed"


class Shell(Operator):
    """Runs a command and shows what it writes, as it comes.

    The command is a program and its arguments: no shell is between, so no `|`, `>`, `*` or `$NAME`. The text is
    split into arguments before templates are rendered: a value is never more than (a part of) one argument. A value
    that begins with `-` can still be taken for an option by the program: where it accepts that, put `--` before it.

    With `use_shell=True` the text is a script for bash, in which each command must succeed (`set -euo pipefail`). It
    holds no templates, because bash would run what they give: values come by `env` or `args`, and stand in quotes in
    the script.

    The exit code says how the task ends: 0 is success, 99 (`skip_on`) skips it, everything else has failed. When it
    ends, is cancelled or takes too long, all that it has started is ended with it.
    """

    command: Annotated[
        Verbatim[str | list[Any]],
        Meta(description="the program and its arguments, as text or as a list; or a script"),
    ]
    args: Annotated[
        Argument | list[Argument],
        Meta(description='more arguments, each one argument whatever is in it; in a script "$1", "$2", …'),
    ] = []
    use_shell: Annotated[bool, Meta(description="`command` is a script for bash")] = False
    env: Annotated[
        Verbatim[dict[str, Any]],
        Meta(
            description="environment variables beside the worker's; values may hold templates, None removes one"
        ),
    ] = {}
    cwd: Annotated[
        str,
        Meta(
            description="where it runs, relative to the directory of the DAG's file (or kernel), the default"
        ),
    ] = ""
    stdin: Annotated[str | None, Meta(description="what it can read; nothing by default")] = None
    value: Annotated[
        Literal["last_line", "text", "json", "none"],
        Meta(
            description="what of its standard output the task returns: the last line that is not empty, all as text, "
            "all read as JSON, or nothing"
        ),
    ] = "last_line"
    skip_on: Annotated[
        int | list[int] | None, Meta(description="exit codes that skip the task instead of failing it")
    ] = 99

    def check(self) -> None:
        if self.use_shell:
            self._check_script()
        elif isinstance(self.command, str):
            split_command(self.command)
        elif not self.command:
            raise InvalidInput(
                "The command is an empty list.", hint="For example shell(['ls', '-l']).", field="command"
            )
        for name in self.env:
            if not _VARIABLE.fullmatch(name):
                raise InvalidInput(
                    f"{shown(name)} in env is no name of an environment variable.",
                    hint="Use letters, digits and `_`, not starting with a digit.",
                    field="env",
                )

    def run(self, attempt: AttemptContext) -> object:
        arguments, env, cwd = self._arguments(attempt), self._environment(attempt), self._directory(attempt)
        text = str(self.command) if self.use_shell else shlex.join(arguments)
        with attempt.cell(text, "bash") as cell:
            try:
                ended = run_process(
                    arguments,
                    cwd=cwd,
                    env=env,
                    stdin=self.stdin,
                    heard=lambda stream, text: cell.write(text, stream),
                    keep=MAX_LINE if self.value == "last_line" else MAX_VALUE,
                )
            except (OSError, ValueError) as error:
                raise not_started(arguments, env, error) from error
            if ended.code:
                self._judge(ended, arguments[0])
        return self._value(ended)

    def _check_script(self) -> None:
        if not isinstance(self.command, str):
            raise InvalidInput(
                "With use_shell=True the command is one text, a script.",
                hint="Without it, a list is the program and its arguments.",
                field="command",
            )
        if is_unresolved(self.command):
            raise InvalidInput(
                "The command holds a template, and with use_shell=True bash would run whatever it gives.",
                hint="""Give the value by env={"DAY": "{{ ds }}"} and write "$DAY" (with the quotes) in the command.""",
                field="command",
            )
        if not self.command.strip():
            raise InvalidInput("The command is empty.", field="command")

    def _arguments(self, attempt: AttemptContext) -> list[str]:
        more = self.args if isinstance(self.args, list) else [self.args]
        if self.use_shell:
            parts: list[Any] = [*SHELL, self.command, "bash", *more]
        else:
            written = split_command(self.command) if isinstance(self.command, str) else self.command
            parts = [*(attempt.render(part, "command") for part in written), *more]
        return [_argument(part, number) for number, part in enumerate(parts)]

    def _environment(self, attempt: AttemptContext) -> dict[str, str]:
        env = dict(os.environ)
        for name, value in attempt.render(self.env, "env").items():
            if value is None:
                env.pop(name, None)
            elif isinstance(value, str) and "\0" in value:
                raise InvalidInput(f"The environment variable {name} would have a null byte.", field="env")
            else:
                env[name] = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return env

    def _directory(self, attempt: AttemptContext) -> Path:
        directory = attempt.dag_directory / Path(self.cwd).expanduser()
        if not directory.is_dir():
            raise NotFound(
                f"The directory {shown(str(directory))}, in which the command shall run, is not there.",
                hint="`cwd` is relative to the directory of the DAG's file.",
            )
        return directory

    def _judge(self, ended: Ended, program: str) -> None:
        codes = self.skip_on if isinstance(self.skip_on, list) else [self.skip_on]
        if ended.code in codes:
            raise Skip(f"the command ended with exit code {ended.code}")
        lines = ended.stderr.text.strip().splitlines()
        said = f" The last that it said: {lines[-1][:_TOLD]}" if lines else ""
        raise CommandFailed(f"{explained(ended.code, program)}{said}")

    def _value(self, ended: Ended) -> object:
        out = ended.stdout
        if self.value == "none":
            return None
        if self.value == "last_line":
            lines = [line for line in out.text.splitlines() if line.strip()]
            return lines[-1] if lines else None
        if not out.is_whole:
            raise InvalidInput(
                f"The command wrote {out.size:,} bytes, too many for a value: {MAX_VALUE:,} are allowed.",
                hint="Let it write a file, and return the file's name (value='last_line').",
                field="value",
            )
        if self.value == "text":
            return out.text.removesuffix("\n")
        try:
            return msgspec.json.decode(bytes(out.data))
        except (msgspec.DecodeError, UnicodeError) as error:
            raise InvalidInput(
                f"What the command wrote is no JSON: {error}. It begins with {shown(out.text)}.",
                hint="Only JSON may go to its standard output; messages belong to the standard error output.",
                field="value",
            ) from error


def _argument(value: Any, number: int) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidInput(
            f"Argument {number} of the command is {shown(value)}; it must be text or a number.",
            hint="A list never becomes several arguments of the text; give it as `args`.",
            field="command",
        )
    text = str(value)
    if "\0" in text:
        raise InvalidInput(
            f"Argument {number} of the command, {shown(text)}, has a null byte, which no argument can hold.",
            field="command",
        )
    return text
