from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys, time
from studio import DAG, function

def endless():
    print("begun", file=sys.__stdout__, flush=True)
    while True:
        time.sleep(0.01)

def after():
    print("after", file=sys.__stdout__, flush=True)

with DAG("endless") as dag:
    function(endless, retries=3) >> function(after, trigger_rule="all_done")
"""
PLAIN = "dag.test()\n"
IN_LOOP = "import asyncio\nasync def main():\n    dag.test()\nasyncio.run(main())\n"


@pytest.mark.parametrize("call", [PLAIN, IN_LOOP])
def test_ctrl_c_ends_the_whole_run(tmp_path: Path, call: str) -> None:
    script = tmp_path / "endless_dag.py"
    script.write_text(
        SCRIPT + "if __name__ == '__main__':\n" + "".join(f"    {x}\n" for x in call.splitlines())
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == ""
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert list(tmp_path.glob("studio-test-*")) == []
