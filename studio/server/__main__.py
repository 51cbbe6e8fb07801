"""`python -m studio.server`: the server in the foreground of this process, until a signal or a request stops it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys

from studio.errors import StudioError
from studio.server.app import StudioServer
from studio.settings import Settings

log = logging.getLogger("studio.server")

_COLLECT = (10_000, 20, 20)  # objects until the youngest are looked at; collections until those older are


def main() -> int:
    """Serve the studio of the environment. 0: stopped in order; 1: it could not start."""
    os.umask(0o077)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        asyncio.run(serve(Settings.from_environment()))
    except StudioError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - what the starter shows
        return 1
    return 0


async def serve(settings: Settings) -> None:
    """Run until SIGTERM, SIGINT or `POST /api/server/stop`; running tasks go on. A second signal ends at once."""
    loop = asyncio.get_running_loop()
    async with StudioServer(settings) as server:

        def stop() -> None:
            if server.stopped.is_set():
                os._exit(130)
            server.stopped.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        # What is there by now, modules above all, stays: a full collection in the middle of a request need not look
        # at it again, and it comes less often than after every 70,000 objects, of which a long list has more.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT)
        log.info("Serving %s on %s (process %d).", settings.home, server.endpoint.url, os.getpid())
        await server.stopped.wait()
        log.info("Stopping; running tasks go on.")


if __name__ == "__main__":
    sys.exit(main())
