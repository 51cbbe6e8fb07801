"""The text of a command, taken apart as a shell would, but before any template in it is rendered.

So what a template gives is always (a part of) one argument: `ls {{ params.dir }}` has one, whatever the directory's
name. What only a shell understands is refused, unless it is quoted: a shell would take it as it is then, too.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from studio.core.names import shown
from studio.errors import InvalidInput

_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_HELD: Final = re.compile("\0(\\d+)\0")
_OPERATORS: Final = frozenset(
    {"|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>>", "&>", "2>&1", "<<", "<<<"}
)
#: What a shell would put something else in for; quotes keep it as it is.
_EXPANDED: Final = re.compile(r"\$[\w({?*@#]|`|\*|^~|\[[^\]]*\]|\?")
_QUOTES: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.", re.DOTALL)


def split_command(text: str) -> list[str]:
    """The program and its arguments, with their templates. Raises `InvalidInput`."""
    if "\0" in text:
        raise InvalidInput("The command has a null byte, which no argument can hold.", field="command")
    if "{%" in text:
        raise InvalidInput(
            f"The command {shown(text)} is split into arguments before templates are rendered, so it cannot hold "
            "`{% … %}`.",
            hint="Write it as a list, one text an argument.",
            field="command",
        )
    expressions: list[str] = []

    def hold(match: re.Match[str]) -> str:
        expressions.append(match[0])
        return f"\0{len(expressions) - 1}\0"

    held = _EXPRESSION.sub(hold, text)
    _refuse_shell(held, text)
    try:
        parts = shlex.split(held)
    except ValueError as error:
        raise InvalidInput(
            f"The command {shown(text)} cannot be split into arguments: {str(error).lower()}.",
            hint="Close the quotes, or write it as a list, one text an argument.",
            field="command",
        ) from error
    if not parts:
        raise InvalidInput("The command is empty.", hint="For example shell('ls -l').", field="command")
    return [_HELD.sub(lambda match: expressions[int(match[1])], part) for part in parts]


def _refuse_shell(held: str, text: str) -> None:
    bare = _QUOTES.sub("''", held)
    for word in bare.split():
        if word in _OPERATORS or (word.endswith(";") and word != ";") or _EXPANDED.search(word):
            raise InvalidInput(
                f"The command {shown(text)} has {shown(_HELD.sub('…', word))}, which means something to a shell only, "
                "and no shell runs it.",
                hint="Let a shell run it: use_shell=True. If it is meant as it is, put it in quotes, or write the "
                "command as a list.",
                field="command",
            )
