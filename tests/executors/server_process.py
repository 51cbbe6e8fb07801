"""A server that a test kills: launches what it is told and prints each report as a line."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from studio.artifacts.local import LocalArtifacts
from studio.core.turn import Launch
from studio.executors.pool import PoolExecutor
from studio.settings import Settings


async def main() -> None:
    home, launches = Path(sys.argv[1]), json.loads(sys.argv[2])
    settings = Settings(home=home, database="", dag_folder=home / "dags", slots=2)
    artifacts = LocalArtifacts(settings.source_root, settings.artifact_root)
    executor = PoolExecutor(settings, observe=lambda attempt_id, event: None, artifacts=artifacts)
    await executor.start(lambda reports: print(*reports, sep="\n", flush=True), [])
    executor.launch([Launch(**launch) for launch in launches])
    await asyncio.Event().wait()


asyncio.run(main())
