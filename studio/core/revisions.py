"""Names of git revisions: a branch, a tag, a commit, or one of those with `~3` and the like."""

from __future__ import annotations

import re
from typing import Final

from studio.core.names import shown
from studio.errors import InvalidInput

MAX_REVISION: Final = 250  # characters
#: No `-` in front (git would take it for an option), no `:` (a path), no `..` or `^` in front (a range).
_REVISION: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9_@.][A-Za-z0-9_@./+{}^~#=-]*")


def check_revision(value: object, where: str = "revision") -> str:
    """`value` if it can name one git revision; raises `InvalidInput` otherwise. Whether it exists is not asked."""
    if isinstance(value, str) and len(value) <= MAX_REVISION and _REVISION.fullmatch(value):
        return value
    raise InvalidInput(
        f"{where} is {shown(value)}, which cannot name a git revision.",
        hint="Give a branch, a tag or a commit, for example 'main', 'v1.2', 'HEAD~1' or '3f2a9c1'.",
        field="revision",
    )
