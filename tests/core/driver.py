"""Drives a machine by hand: commands in, reports in, states out. No store, no loop, no clock."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from itertools import count
from typing import Any

import msgspec

from studio.core.commands.by_task import wanted_run_id
from studio.core.events import Answered, Capacity, CommandGiven, Event, Facts, Finished, Lost, Started
from studio.core.machine import Machine, Turn
from studio.core.model import Command, CommandKind
from studio.core.questions import CommandAsked, EventAsked, Question, RunsAsked
from studio.core.signals import Signal
from studio.core.spec import DagSpec, TaskSpec
from studio.core.turn import Ask, Launch
from tests.core.kept import Kept


def task(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    return TaskSpec(id=task_id, kind="function", upstream=upstream, **options)


def dag(*tasks: TaskSpec, dag_id: str = "d", **options: Any) -> DagSpec:
    return DagSpec(id=dag_id, tasks=tasks, **options)


def name_of(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


class Driver:
    def __init__(self, slots: int = 100, now: float = 1_000_000.0) -> None:
        self.machine = Machine(first_id=1)
        self.kept = Kept()
        self.now = now
        self._command_ids = count(1)
        self.moves: set[tuple[str, str]] = set()  # (state before, state after) of every task write
        self.turns: list[Turn] = []
        self.launched: dict[str, Launch] = {}  # the latest of each task instance
        self.callbacks: list[Launch] = []
        self.states: dict[str, str] = {}
        self.run_states: dict[str, str] = {}
        self._ended: set[int] = set()
        self._asked: list[Ask] = []
        self._by_key: dict[str, Command] = {}
        self.feed(Capacity(slots))

    def feed(self, *events: Event, after: float = 0.0) -> Turn:
        self.now += after
        self._ended |= {event.attempt_id for event in events if isinstance(event, (Finished, Lost))}
        return self._take(self.machine.handle(events, self.now))

    def restart(self, relaunch: tuple[str, ...] = ()) -> Turn:
        """The scheduler is gone; its successor takes over what is stored."""
        self.machine = self.kept.successor(self.machine)
        self._asked = []
        return self._take(
            self.machine.resume([self.launched[name].attempt_id for name in relaunch], self.now)
        )

    def _take(self, turn: Turn) -> Turn:
        self.kept.take(turn.writes)
        self.turns.append(turn)
        self.moves |= {
            (g.state.value, g.task.state.value) for g in turn.writes.tasks if g.state != g.task.state
        }
        for effect in turn.effects:
            if isinstance(effect, Launch):
                self.launched[name_of(effect.task_id, effect.map_index)] = effect
                if effect.kind == "callback":
                    self.callbacks.append(effect)
            elif isinstance(effect, Ask):
                self._asked.append(effect)
        for touched in turn.runs:
            self.run_states[touched.run.run_id] = touched.run.state.value
            self.states.update({name_of(t.task_id, t.map_index): t.state.value for t in touched.tasks})
        return turn

    def command(
        self, kind: CommandKind, payload: dict[str, Any] | None = None, dag_id: str = "d", **facts: Any
    ) -> Command:
        command = Command(next(self._command_ids), dag_id, kind, payload or {}, actor="ada")
        self.feed(CommandGiven(command, Facts(**facts)))
        return command

    def publish(self, spec: DagSpec) -> Command:
        command = self.command("publish", {"spec": msgspec.to_builtins(spec)}, spec.id)
        assert command.state == "done", command.result
        return command

    def trigger(self, dag_id: str = "d", **payload: Any) -> str:
        command = self.command("trigger", payload, dag_id)
        assert command.state == "done", command.result
        return str(command.result["run_id"])

    def begin(self, task_id: str) -> Turn:
        return self.feed(Started(self.launched[task_id].attempt_id, "w", self.now))

    def end(
        self, name: str, state: str = "success", after: float = 0.0, value: Any = None, **signal: Any
    ) -> Turn:
        self.now += after
        attempt = self.launched[name].attempt_id
        return self.feed(
            Finished(attempt, "w", state, self.now, self.now, value=value, signal=Signal(**signal))
        )

    def answer(self, owns: bool = True) -> list[Question]:
        """Answer what the machine has asked the store; a command is handled by this machine if it `owns` the DAG."""
        asked, self._asked = self._asked, []
        for ask in asked:
            match ask.question:
                case CommandAsked(key, dag_id, kind, payload, actor):
                    is_new = key not in self._by_key
                    command = self._by_key.setdefault(
                        key, Command(next(self._command_ids), dag_id, kind, payload, actor, self.now, key)
                    )
                    self.feed(Answered(ask.task_instance, ask.question, replace(command)))
                    if is_new and owns:
                        wanted = wanted_run_id(payload)
                        stored = [run for run in self.kept.runs.values() if run.run_id == wanted]
                        found = tuple(self.kept.run(run.run_id, run.dag_id) for run in stored)
                        self.feed(CommandGiven(command, Facts(runs=found)))
                case RunsAsked(dag_id, run_id, date):
                    runs = tuple(
                        self.kept.run(run.run_id, dag_id)
                        for run in self.kept.runs.values()
                        if run.dag_id == dag_id
                        and (run.run_id == run_id if run_id else run.logical_date == date)
                    )
                    known = runs if dag_id in self.kept.dags else None
                    self.feed(Answered(ask.task_instance, ask.question, known))
                case EventAsked(asset):
                    events = [event for event in self.kept.events if event.asset == asset]
                    newest = max(events, key=lambda event: event.at, default=None)
                    self.feed(Answered(ask.task_instance, ask.question, newest))
        return [ask.question for ask in asked]

    def handled(self, key: str, **result: Any) -> None:
        """Another scheduler has handled a command."""
        command = self._by_key[key]
        command.state, command.result = ("refused" if "message" in result else "done"), result

    def facts(self, *run_ids: str, dag_id: str = "d") -> Facts:
        """What the store says of these runs, which are over."""
        runs = tuple(self.kept.run(run_id, dag_id) for run_id in run_ids)
        numbers = dict.fromkeys(each.run.backfill for each in runs if each.run.backfill is not None)
        return Facts(runs=runs, backfills=tuple(copy(self.kept.backfills[number]) for number in numbers))

    def about(
        self, kind: CommandKind, *run_ids: str, others: tuple[str, ...] = (), **payload: Any
    ) -> dict[str, Any]:
        """A command about stored runs, with the facts it needs; `others` lie before or after. Returns its result."""
        facts = self.facts(*run_ids, *others)
        payload = {"run_ids": list(run_ids), **payload}
        command = self.command(kind, payload, runs=facts.runs, backfills=facts.backfills)
        assert command.state == "done", command.result
        return command.result

    def run_to_end(self, script: Callable[[Launch], Any] = lambda launch: "success") -> None:
        """End whatever is launched, as `script` says: a state, or (state, value)."""
        first = 0
        while first < len(self.turns):
            effects = self.turns[first].effects
            first += 1
            for launch in effects:
                if isinstance(launch, Launch) and launch.attempt_id not in self._ended:
                    said = script(launch)
                    state, value = said if isinstance(said, tuple) else (said, None)
                    self.feed(Finished(launch.attempt_id, "w", state, self.now, self.now, value=value))

    def pass_time(self, seconds: float) -> None:
        """Let time go by; the machine is woken whenever it asks for it."""
        end = self.now + seconds
        while (wake := self.machine.next_wake) is not None and wake <= end:
            self.now = max(self.now, wake)
            self.feed()
        self.now = end
        self.feed()

    def why(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        return [reason.message for reason in self.machine.why(dag_id, run_id, task_id)]

    def lose(self, task_id: str) -> Turn:
        return self.feed(Lost(self.launched[task_id].attempt_id, "the worker is gone"))
