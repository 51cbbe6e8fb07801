"""Transactions off the event loop: one thread that writes, in order, and a few that read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from studio.store import engine, schema
from studio.store.retry import AmbiguousCommit, with_retries

T = TypeVar("T")
Transaction = Callable[[Connection], T]


class Database:
    """Runs functions that take a connection, each as one transaction, repeated while that may help."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.where = engine.describe(url)
        self._closing = threading.Event()

    async def open(self) -> None:
        """Raises `SchemaMismatch`, `StoreUnavailable` or `StoreError`; then nothing stays open."""
        engine.prepare_file(self.url)
        self._closing.clear()
        self._writer = engine.make_writer(self.url)
        self._reader = engine.make_reader(self.url)
        self._write_thread = ThreadPoolExecutor(1, "studio-store-write")
        self._read_threads = ThreadPoolExecutor(engine.READERS, "studio-store-read")
        try:
            await self._run(self._write_thread, partial(schema.ensure, self.url, self._reader))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for what runs, without retrying it any more."""
        self._closing.set()
        await asyncio.get_running_loop().run_in_executor(None, self._shut_down)

    def _shut_down(self) -> None:
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._writer.dispose()
        self._reader.dispose()

    async def write(self, function: Transaction[T]) -> T:
        """One write transaction. Calls made one after the other are kept in that order."""
        return await self._run(self._write_thread, partial(_transact, self._writer, function))

    async def read(self, function: Transaction[T]) -> T:
        """One read transaction, which sees a single state of the database."""
        return await self._run(self._read_threads, partial(_transact, self._reader, function))

    async def _run(self, threads: Executor, function: Callable[[], T]) -> T:
        retrying = partial(
            with_retries, function, where=self.where, secrets=engine.secrets_of(self.url), stop=self._closing
        )
        return await asyncio.get_running_loop().run_in_executor(threads, retrying)


def _transact(source: Engine, function: Transaction[T]) -> T:
    with source.connect() as connection:
        transaction = connection.begin()
        try:
            result = function(connection)
        except BaseException:
            transaction.close()  # rolls back; quiet if the connection is gone
            raise
        try:
            transaction.commit()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise AmbiguousCommit from error
            raise
        return result
