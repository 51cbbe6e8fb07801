"""`python -m studio.worker`: a worker, started by the pool executor in a session of its own."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from studio.errors import StudioError
from studio.worker.supervisor import Supervisor, WorkerOptions


def main() -> int:
    """Work until told to quit or until there is no use for this worker any more."""
    parser = argparse.ArgumentParser(prog="studio.worker", description="A worker of Pipeline Studio.")
    parser.add_argument("--root", type=Path, required=True, help="directory of all workers")
    parser.add_argument("--id", required=True, help="name of this worker's directory in it")
    parser.add_argument("--socket", required=True, help="unix socket of the server")
    parser.add_argument("--slots", type=int, required=True, help="attempts at once")
    parser.add_argument("--beat", type=float, default=5.0, help="seconds between two signs of life")
    parser.add_argument(
        "--grace", type=float, default=3.0, help="seconds from an interrupt to SIGTERM to SIGKILL"
    )
    parser.add_argument("--orphan-timeout", type=float, default=60.0, help="seconds without server and work")
    given = parser.parse_args()
    directory = given.root.absolute() / given.id
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    log = logging.getLogger("studio.worker")
    os.environ["STUDIO_WORKER"] = given.id  # how its processes are found, should it die
    os.environ["STUDIO_WORKER_DIRECTORY"] = str(directory)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    log.info("worker %s with %d slots, process %d", given.id, given.slots, os.getpid())
    options = WorkerOptions(
        directory, given.socket, given.slots, given.beat, given.grace, given.orphan_timeout
    )
    os.chdir(directory)
    try:
        asyncio.run(_run(options))
    except StudioError as error:
        log.error("%s", error)
        return 1
    log.info("worker %s exits", given.id)
    return 0


async def _run(options: WorkerOptions) -> None:
    await Supervisor(options).run()


if __name__ == "__main__":
    sys.exit(main())
