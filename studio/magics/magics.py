"""The magics themselves: each reads its line, asks the session, shows one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from studio.core.cells.marks import read_cell
from studio.core.cells.options import DAG_OPTIONS, TASK_OPTIONS, Option, words_of
from studio.errors import StudioError
from studio.magics.session import CellSession

_ASKED: Final = ("--help", "-h")


@magics_class
class StudioMagics(Magics):
    """Of one kernel."""

    def __init__(self, shell: InteractiveShell, session: CellSession) -> None:
        super().__init__(shell)
        self._shell = shell
        self._session = session

    @line_magic
    def dag(self, line: str) -> None:
        if line.strip() in _ASKED:
            self._help("dag")
            return
        session = self._session
        if line.strip():
            cell = read_cell(f"%dag {line}")
            if message := session.refusal(cell):
                raise UsageError(message)
            session.started(cell)
        dag = session.dag()
        if dag.flow.dag is None:
            raise UsageError(
                "There is no DAG here yet. Write %dag NAME, for example: %dag flights --schedule @daily"
            )
        session.take(dag)
        session.board.show(dag)

    @line_magic
    def publish(self, line: str) -> Any:
        if line.strip() in _ASKED:
            self._help("publish")
            return None
        if line.strip():
            raise UsageError("%publish takes nothing. It hands over the DAG of the cells that were run here.")
        dag = self._session.dag()
        try:
            published = dag.publish()
        except StudioError as error:
            raise UsageError(str(error)) from error
        self._session.bind(dag)
        self._session.board.published(dag)
        for warning in self._session.differences():
            self._session.board.say(f"⚠ {warning}")
        return published

    @cell_magic
    def task(self, line: str, cell: str) -> None:
        self._marked("task", line, cell)

    @cell_magic
    def setup(self, line: str, cell: str) -> None:
        self._marked("setup", line, cell)

    @cell_magic
    def params(self, line: str, cell: str) -> None:
        self._marked("params", line, cell)

    def _help(self, name: str) -> None:
        self._session.board.say_as_it_is(getattr(self, name).__doc__)

    def _marked(self, kind: str, line: str, cell: str) -> None:
        """Called for what cannot be run as an ordinary cell (`studio.magics.native`), and by who calls a magic."""
        if line.strip() in _ASKED:
            self._help(kind)
            return
        source = f"%%{kind} {line}\n{cell}"
        if message := self._session.refusal(read_cell(source)):
            raise UsageError(message)
        self._shell.run_cell(source)  # type: ignore[no-untyped-call]


def _options(table: Sequence[Option]) -> str:
    told = words_of(table)
    width = max(map(len, told))
    return "\n".join(f"  {words:{width}}  {meaning}" for words, meaning in told.items())


def _document(name: str, text: str) -> None:
    getattr(StudioMagics, name).__doc__ = text.strip("\n")


_document(
    "dag",
    f"""
%dag NAME [options]: the cells of this notebook that are marked with %%task are the DAG NAME. It is drawn here, and
drawn anew whenever one of them is run. %dag alone draws it once more. The name `dag` stands for it: dag.test(),
dag.publish(), dag.trigger(), dag.runs(), dag["report"].

{_options(DAG_OPTIONS)}

Example: %dag flights --schedule @daily --start 2013-01-01
""",
)
_document(
    "task",
    f"""
%%task NAME [options]: the cell is the task NAME of the DAG. It waits for the tasks above it whose names it reads, and
gets their values; what it binds, tasks below it can read. Run here, it is tried in this kernel, with the names of a
run (ds, logical_date, ...) for the date of `%dag --sample`, else the DAG's start, else yesterday.

{_options(TASK_OPTIONS)}

Example: %%task report --after upload --retries 2 --retry-delay "5 min"
""",
)
_document(
    "setup",
    """
%%setup: imports, functions and constants for every task of the DAG. Each task runs it before its own cell. There may be
several; they read neither params nor values of tasks.
""",
)
_document(
    "params",
    """
%%params: the params of the DAG with their defaults, one `name = value` a line, such as `days: int = 7  # to look back`.
Values are literals. An annotation is a rule for whoever starts a run; the comment is its help.
""",
)
_document(
    "publish",
    """
%publish: hand the DAG of the cells that were run here to the server, which runs it from now on. A warning says what of
the saved notebook was changed since it was run.
""",
)
