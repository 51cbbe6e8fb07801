"""Several edges at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from studio.authoring.arrows import nodes
from studio.errors import InvalidInput


def chain(*steps: Any) -> None:
    """`chain(a, [b, c], [d, e], f)`: a before b and c, b before d, c before e, d and e before f."""
    for before, after in pairwise(steps):
        many = isinstance(before, (list, tuple)), isinstance(after, (list, tuple))
        if all(many):
            left, right = nodes(before), nodes(after)
            if len(left) != len(right):
                raise InvalidInput(
                    f"chain(...): a list of {len(left)} stands before one of {len(right)}; they must match.",
                    hint="Use cross_downstream(a, b) to join each with each.",
                )
            for one, other in zip(left, right, strict=True):
                one >> other
        else:
            for other in nodes(after):
                nodes(before) >> other


def cross_downstream(before: Any, after: Any) -> None:
    """Everything of `after` waits for everything of `before`."""
    for other in nodes(after):
        nodes(before) >> other
