"""What waiting task instances ask the store: about runs, assets and commands. Each question is put once a turn."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from studio.core.events import Answered
from studio.core.model import AssetEvent, Command, RunWithTasks
from studio.core.questions import CommandAsked, EventAsked, Question, RunsAsked
from studio.core.turn import Ask
from studio.errors import Fenced, StoreError, StoreUnavailable
from studio.ports import Store

log = logging.getLogger(__name__)

MAX_RUNS = 100  # with one logical date: a scheduled one, and reruns by hand
NEWEST = 50  # ids of events do not tell which is the newest when several schedulers write some


async def answers(store: Store, asked: Sequence[Ask], now: float) -> list[Answered]:
    """The answers, as of now. One that cannot be had is left out: the question comes again."""
    askers: dict[Question, list[int]] = {}
    for ask in asked:
        askers.setdefault(ask.question, []).append(ask.task_instance)
    found: list[Answered] = []
    for question, waiters in askers.items():
        try:
            answer = await _answer(store, question, now)
        except (StoreUnavailable, Fenced):
            raise
        except StoreError:
            log.exception("This question could not be answered: %r", question)
            continue
        found.extend(Answered(waiter, question, answer) for waiter in waiters)
    return found


async def _answer(
    store: Store, question: Question, now: float
) -> Command | tuple[RunWithTasks, ...] | AssetEvent | None:
    match question:
        case RunsAsked(dag_id, str() as run_id):
            return await _runs(store, dag_id, [run_id])
        case RunsAsked(dag_id, _, date):
            dated = [] if date is None else await store.dated_runs(dag_id, date, date, limit=MAX_RUNS)
            return await _runs(store, dag_id, [run.run_id for run in dated])
        case EventAsked(asset):
            return max(
                await store.asset_events(asset, limit=NEWEST),
                key=lambda event: (event.at, event.id),
                default=None,
            )
        case CommandAsked(key, dag_id, kind, payload, actor):
            return await store.submit(dag_id, kind, payload, actor=actor, at=now, key=key)


async def _runs(store: Store, dag_id: str, run_ids: list[str]) -> tuple[RunWithTasks, ...] | None:
    runs = await store.load_runs(dag_id, run_ids) if run_ids else []
    return tuple(runs) if runs or await store.dag(dag_id) is not None else None
