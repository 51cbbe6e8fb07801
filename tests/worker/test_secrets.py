"""A secret is there while the attempt runs, and in nothing that it leaves behind."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path

import msgspec
import pytest

from studio.secrets.delivery import Delivered

from .conftest import Attempt, Call, RunNotebook

SECRET = "Zq7-\"canary'/w x"
DELIVERED = Delivered(
    connections={"db": {"type": "http", "host": "h", "password": SECRET}},
    variables={"token": SECRET, "region": "north"},
    hidden=(SECRET,),
)
SAYS = """
import base64, json, logging, sys, urllib.parse
import studio
s = studio.connection("db").password
assert s == studio.variable("token") and studio.variable("region") == "north"
print(s); print(repr(s)); print(json.dumps(s)); print(urllib.parse.quote(s)); print(s.encode())
print(base64.b64encode(s.encode()).decode()); print(base64.b64encode(b"a" + s.encode()).decode())
print(base64.b64encode(b"ab" + s.encode()).decode()); print(s.encode().hex())
print(s[:5], end="", flush=True); print(s[5:])
print(s, file=sys.stderr)
logging.getLogger("x").warning("it is %s", s)
"""


def _leaks(attempt: Attempt) -> list[str]:
    spellings = [
        SECRET.encode(),
        msgspec.json.encode(SECRET)[1:-1],
        repr(SECRET)[1:-1].encode(),
        SECRET.encode().hex().encode(),
        SECRET[5:].encode(),
        base64.b64encode(SECRET.encode())[:-4],
        base64.b64encode(b"a" + SECRET.encode())[4:-4],
        base64.b64encode(b"ab" + SECRET.encode())[4:-4],
    ]
    left = {str(path): path.read_bytes() for path in Path(attempt.directory).rglob("*") if path.is_file()}
    left["result"] = msgspec.json.encode(attempt.result)
    left["events"] = msgspec.json.encode(attempt.events)
    return [f"{place}: {each!r}" for place, content in left.items() for each in spellings if each in content]


@pytest.mark.parametrize("ends", ["return {s: [s]}", "raise ValueError(s)"])
def test_function_leaves_no_secret(call: Call, ends: str) -> None:
    body = SAYS.replace("\n", "\n    ")
    ran = call(
        f"def f(x):{body}\n    assert x == s\n    studio.show(s)\n    {ends}",
        args={"x": "{{ conn.db.password }}"},
        secrets=DELIVERED,
    )
    assert ran.result.state == ("success" if ends.startswith("return") else "failed"), ran.result.error
    assert _leaks(ran) == []
    assert "***" in ran.log
    if ends.startswith("return"):
        assert ran.result.value == {"***": ["***"]}
        assert "The returned value holds a secret" in (ran.directory / "log.jsonl").read_text()


def test_function_has_them_no_longer_afterwards(call: Call) -> None:
    call("def f():\n    return 1", secrets=DELIVERED)
    after = call("import studio\ndef f():\n    studio.connection('db')", module="studio_test_after")
    assert after.result.state == "failed"
    assert "was not given to this task" in str(after.result.error)


@pytest.mark.parametrize("ends", ["s", "raise ValueError(s)"])
def test_notebook_leaves_no_secret(run_notebook: RunNotebook, ends: str) -> None:
    ran = run_notebook(
        ("x = 1", "parameters"),
        f"{SAYS}\nassert x == s",
        "import os\nprint([value for value in os.environ.values() if s in value] == [])",
        f"print(open('/proc/self/cmdline').read())\n{ends}",
        parameters={"x": "{{ conn.db.password }}"},
        secrets=DELIVERED,
    )
    assert ran.result.state == ("success" if ends == "s" else "failed"), ran.result.error
    assert _leaks(ran) == []
    assert ran.output.cells[-2].outputs[0].text == "True\n"


def test_function_has_them_in_its_threads_too(call: Call) -> None:
    code = """
    def f():
        import studio
        from concurrent.futures import ThreadPoolExecutor

        def work():
            print(studio.connection("db").password)
            studio.save("region", studio.variable("region"))
            return True

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
    """
    ran = call(textwrap.dedent(code), secrets=DELIVERED)
    assert (ran.result.state, ran.result.value) == ("success", True), ran.result.error
    assert "***" in ran.log
    assert _leaks(ran) == []
