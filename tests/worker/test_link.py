"""The worker's end of the link, against a server that does not want it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from studio.worker.link import ServerLink
from studio.worker.messages import ToWorker


class Host:
    def connected(self) -> None: ...

    def writable(self) -> None: ...

    def disconnected(self) -> None: ...

    def received(self, message: ToWorker) -> None: ...


async def test_link_leaves_a_server_that_refuses_it_in_peace(tmp_path: Path) -> None:
    tries = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        writer.close()

    path = str(tmp_path / "link")
    server = await asyncio.start_unix_server(refuse, path)
    keeping = asyncio.create_task(ServerLink(path, tmp_path / "moved", Host()).keep())
    await asyncio.sleep(1.0)
    keeping.cancel()
    server.close()
    assert 2 <= tries <= 6  # 0.04 s, 0.08 s, … between them: a slow machine makes it fewer
