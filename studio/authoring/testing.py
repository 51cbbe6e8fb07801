"""`dag.test(...)` and `task.test(...)`: a trial in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from studio.testing.results import TestRun
    from studio.testing.stepping import Trial


class TestableDag:
    """This part of `DAG`."""

    __test__ = False  # pytest: it is no test

    @overload
    def test(
        self,
        logical_date: str | date | datetime | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        stop_before: str | Iterable[str],
        **asked: Any,
    ) -> Trial: ...

    @overload
    def test(
        self,
        logical_date: str | date | datetime | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        step: Literal[True],
        **asked: Any,
    ) -> Trial: ...

    @overload
    def test(
        self,
        logical_date: str | date | datetime | None = None,
        params: Mapping[str, Any] | None = None,
        **asked: Any,
    ) -> TestRun: ...

    def test(  # type: ignore[misc]  # the signatures above leave out words
        self,
        logical_date: str | date | datetime | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        values: Mapping[str, Any] | None = None,
        succeed: str | Iterable[str] = (),
        skip: str | Iterable[str] = (),
        tasks: str | Iterable[str] = (),
        answers: Mapping[str, str | Sequence[str]] | None = None,
        connections: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        at: str | date | datetime | None = None,
        fast_retries: bool = True,
        on_progress: Callable[[str, str], object] | None = None,
        directory: str | Path | None = None,
        stop_before: str | Iterable[str] = (),
        step: bool = False,
    ) -> TestRun | Trial:
        """Run the DAG in this process, without server and database, and say what became of it.

            run = dag.test("2013-01-01", values={"extract": frame}, succeed="upload*")
            assert run.check()["clean"].value == 336_776

        Functions run in this thread, where a debugger finds them; notebooks run in kernels, as ever. Nobody waits for a
        retry, a sensor or `wait(...)`: the clock jumps to when something happens next.

        Args:
            logical_date: the date that the run is about; without offset it is in the DAG's time zone.
            params: values for this run, over those of the DAG.
            values: what tasks have returned that are not run: any objects; of a mapped task, a list.
            succeed, skip: tasks that are not run and count as succeeded, or skipped; `*` stands for any text.
            tasks: run only these, and those that `values`, `succeed` and `skip` name.
            answers: to approvals: {"ship_it": "Approve"}.
            connections, variables: what tasks that declare them are given, by name.
            at: when the run begins, for the clock that templates and timers see; by default now.
            fast_retries: False: whatever waits, waits as long as it would.
            on_progress: called with a task's id and its new state.
            directory: where logs, notebooks and values are kept; without it they go with the result.
            stop_before: pause before these tasks, once before each: the answer is a `Trial`, which goes on from there.
            step: pause before every task.

        Raises:
            InvalidInput: a name that there is not, with the nearest one.
            InvalidDag and others: what `snapshot` raises.
        """
        from studio.testing.asking import run_dag, step_dag  # noqa: PLC0415 - the machine, for this only

        asked: dict[str, Any] = {
            "values": values,
            "succeed": _texts(succeed),
            "skip": _texts(skip),
            "tasks": _texts(tasks),
            "answers": answers,
            "connections": connections,
            "variables": variables,
            "at": at,
            "fast_retries": fast_retries,
            "on_progress": on_progress,
            "directory": directory,
        }
        stops = _texts(stop_before)
        dag: Any = self  # the part of a DAG
        if step or stops:
            return step_dag(dag, logical_date, params, stop_before=() if step else stops, **asked)
        return run_dag(dag, logical_date, params, **asked)


class TestableTask:
    """This part of `Task`."""

    __test__ = False  # pytest: it is no test

    def test(
        self,
        logical_date: str | date | datetime | None = None,
        params: Mapping[str, Any] | None = None,
        **asked: Any,
    ) -> Any:
        """Run this task alone, as `dag.test` does: a `TestedTask`, of a mapped task a list of them.

        task.test(values={"extract": frame}).check().value
        """
        from studio.testing.asking import run_task  # noqa: PLC0415 - the machine, for this only

        return run_task(self, logical_date, params, **asked)


def _texts(given: str | Iterable[str]) -> str | list[str]:
    return given if isinstance(given, str) else list(given)
