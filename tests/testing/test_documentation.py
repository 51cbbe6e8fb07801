from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"


def test_examples_of_the_guide_run(tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    assert len(examples) == 7
    script = tmp_path / "guide.py"
    script.write_text("\n".join(examples))
    ended = subprocess.run([sys.executable, "-W", "error", str(script)], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
