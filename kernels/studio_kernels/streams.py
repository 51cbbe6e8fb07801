"""What a cell prints goes out in pieces: ipykernel sends all that was printed in 0.2 s as one message, of any size.

Whoever reads it would have to hold it in memory whole, several times over. Imported only where a kernel is to run.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from typing import Any, Final

from ipykernel.iostream import OutStream

LARGEST: Final = 1 << 20  # characters of one message


@cache
def send_in_pieces() -> None:
    """For every stream of this process. Who prints more than goes out waits until it has gone."""
    write = OutStream.write

    def write_pieces(self: Any, string: Any) -> Any:
        if isinstance(string, str) and len(string) > LARGEST:
            for start in range(0, len(string), LARGEST):
                write_pieces(self, string[start : start + LARGEST])
            return len(string)
        written = write(self, string)
        with self._buffer_lock:  # another thread sends them, and closes what it has taken from here
            waiting = sum(buffer.tell() for buffer in self._buffers.values())
        if waiting >= LARGEST:
            self.flush()
        return written

    OutStream.write = write_pieces  # type: ignore[method-assign]


def keep_no_history(shell: Any) -> None:
    """For a kernel that nobody sits at: IPython 9 keeps all that was ever printed, for its magic `%notebook`."""
    if hasattr(shell, "_tee"):
        shell._tee = lambda channel: nullcontext()
