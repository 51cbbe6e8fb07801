"""`shell`: real programs, what of them becomes the task's value, and what is said when they fail."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from studio.secrets.delivery import Delivered

from ..worker.conftest import Attempt
from .conftest import Run


@pytest.fixture
def shell(run: Run) -> Any:
    def ran(command: Any, context: dict[str, Any] | None = None, **args: Any) -> Attempt:
        return run("shell", context, command=command, **args)

    return ran


def streams(attempt: Attempt) -> list[tuple[str, str]]:
    return [(output.name, output.text) for output in attempt.output.cells[0].outputs]


def test_command_is_run_and_its_last_line_is_the_value(shell: Any) -> None:
    ran = shell("printf 'one\\ntwo\\n\\n'")
    assert (ran.result.state, ran.result.value, ran.result.error) == ("success", "two", None)
    assert streams(ran) == [("stdout", "one\ntwo\n\n")]
    assert ran.output.cells[0].source == "printf 'one\\ntwo\\n\\n'"
    assert ran.log == "one\ntwo\n\n"


@pytest.mark.parametrize(
    ("how", "expected"),
    [("last_line", '{"a": [1, 2]}'), ("text", '{"a": [1, 2]}'), ("json", {"a": [1, 2]}), ("none", None)],
)
def test_value_is_what_was_asked_for(shell: Any, how: str, expected: object) -> None:
    ran = shell(["echo", '{"a": [1, 2]}'], value=how)
    assert (ran.result.state, ran.result.value) == ("success", expected)


def test_what_is_no_json_says_where(shell: Any) -> None:
    ran = shell("echo {} x", value="json")
    assert ran.result.state == "failed"
    assert "What the command wrote is no JSON" in ran.result.error


def test_script_gets_values_by_environment_and_arguments(shell: Any) -> None:
    ran = shell(
        'echo "$DAY" "$1" | tr a-z A-Z', use_shell=True, env={"DAY": "{{ ds }}", "N": 3}, args=["$(id); x"]
    )
    assert ran.result.value == "2013-01-01 $(ID); X"


def test_script_ends_at_its_first_failure(shell: Any) -> None:
    ran = shell("false | cat\necho never", use_shell=True)
    assert ran.result.state == "failed"
    assert ran.result.error == "CommandFailed: The command ended with exit code 1."
    assert shell("echo $UNSET", use_shell=True).result.error.startswith(
        "CommandFailed: The command ended with"
    )


def test_cwd_is_relative_to_the_dag(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert shell("pwd").result.value == str(tmp_path)
    assert shell("pwd", cwd="in").result.value == str(tmp_path / "in")
    ran = shell("pwd", cwd="nowhere")
    assert ran.result.error.startswith(f"NotFound: The directory '{tmp_path / 'nowhere'}', in which")


def test_stdin_is_read_however_much_it_is(shell: Any) -> None:
    ran = shell("wc -c", stdin="{{ 'x' * 1000000 }}")
    assert ran.result.value.strip() == "1000000"
    assert shell("true", stdin="x" * 1_000_000).result.state == "success"  # nobody reads it
    assert shell("cat").result.state == "success"  # nothing to read, and no terminal


def test_both_streams_are_shown_and_bytes_that_are_no_text_are_replaced(shell: Any) -> None:
    ran = shell(r"printf 'ok \xff\xc3\xa9\n'; printf 'bad\n' >&2; exit 3", use_shell=True)
    *said, error = ran.output.cells[0].outputs
    assert sorted((each.name, each.text) for each in said) == [("stderr", "bad\n"), ("stdout", "ok �é\n")]
    assert ran.result.error == "CommandFailed: The command ended with exit code 3. The last that it said: bad"
    assert error.traceback == [ran.result.error]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 127", "The command ended with exit code 127: a program of it was not found."),
        ("exit 126", "The command ended with exit code 126: a program of it was found, but may not be executed, or is "
         "none."),
        ("kill -SEGV $$", "The command was ended by SIGSEGV."),
        ("kill -KILL $$", "The command was ended by SIGKILL. Did it need more memory than there is?"),
        ("exit 141", "The command ended with exit code 141: a program of it was ended by SIGPIPE. What it wrote to had "
         "ended; a pipe fails if one of its programs does (`pipefail`)."),
        ("exit 143", "The command ended with exit code 143: a program of it was ended by SIGTERM."),
    ],
)  # fmt: skip
def test_exit_codes_are_explained(shell: Any, script: str, said: str) -> None:
    ran = shell(script, use_shell=True)
    assert (ran.result.state, ran.result.error) == ("failed", f"CommandFailed: {said}")


@pytest.mark.parametrize(("codes", "code"), [(99, 99), ([3, 4], 4)])
def test_exit_codes_can_skip(shell: Any, codes: Any, code: int) -> None:
    ran = shell(f"exit {code}", use_shell=True, skip_on=codes)
    assert (ran.result.state, ran.result.error) == ("skipped", f"the command ended with exit code {code}")


def test_missing_program_names_the_nearest(shell: Any) -> None:
    error = shell("pritnf x").result.error
    assert error.startswith("NotFound: There is no program 'pritnf'. Did you mean ")
    assert "'printf'" in error
    assert shell("./nothing").result.error == (
        "NotFound: There is no program './nothing'. A path is relative to `cwd`."
    )


def test_file_that_is_no_program_says_so(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "script").write_text("echo x")
    assert "'./script' may not be executed" in shell("./script").result.error
    (tmp_path / "script").chmod(0o755)
    assert "a script begins with a line like `#!/bin/sh`" in shell("./script").result.error


def test_huge_output_is_bounded(shell: Any) -> None:
    ran = shell("seq 1 400000", value="last_line")
    assert ran.result.value == "400000"
    kept = "".join(text for name, text in streams(ran) if name == "stdout")
    assert len(kept) == 1_000_000
    assert "the rest is in the log" in streams(ran)[-1][1]
    assert ran.log.endswith("\n400000\n")
    assert "too many for a value" in shell("head -c 17000000 /dev/zero", value="text").result.error


def test_what_is_left_running_ends_with_the_command(shell: Any, tmp_path: Path) -> None:
    begin = time.monotonic()
    ran = shell("sleep 600 & echo $! >pid; echo done", use_shell=True)
    assert ran.result.value == "done"
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert time.monotonic() - begin < 300


def test_output_comes_while_the_command_runs(attempt: Attempt, tmp_path: Path) -> None:
    """The command goes on when what it has written was heard of."""
    go = tmp_path / "go"

    def hear(event: Any) -> None:
        if any("first" in output.get("text", "") for output in getattr(event, "outputs", [])):
            go.touch()

    script = "echo first; while [ ! -e go ]; do sleep 0.02; done; echo second"
    args = {"command": script, "use_shell": True}
    config = {"operator": "shell", "args": args, "directory": str(tmp_path)}
    attempt.run("operator", config, emit=hear)
    assert attempt.result.value == "second"


NASTY = [
    "; rm -rf victim", "$(rm -rf victim)", "`rm -rf victim`", "x\nrm -rf victim", "&& rm -rf victim", "| rm -rf victim",
    "'; rm -rf victim; '", '"; rm -rf victim; "', "\\", "a b  c", "*", "~", "$HOME", "{{ 7 * 7 }}", "{% raw %}",
    "ü✓\u202e", "-rf", "--help", "",
]  # fmt: skip


@pytest.mark.parametrize("value", NASTY)
def test_parameter_is_one_argument_whatever_is_in_it(shell: Any, tmp_path: Path, value: str) -> None:
    (tmp_path / "victim").touch()
    params = {"params": {"value": value}}
    text = "printf '[%s]' a {{ params.value }} '{{ params.value }}'"
    assert shell(text, params, value="text").result.value == f"[a][{value}][{value}]"
    listed = ["printf", "[%s]", "x={{ params.value }}"]
    assert shell(listed, params, value="text").result.value == f"[x={value}]"
    script = """printf '[%s]' "$V" "$1" """
    given = {"use_shell": True, "env": {"V": "{{ params.value }}"}, "args": ["{{ params.value }}"]}
    assert shell(script, params, value="text", **given).result.value == f"[{value}][{value}]"
    assert (tmp_path / "victim").exists()


@pytest.mark.parametrize("value", ["a\0b", ["a", "b"], {"a": 1}, None, True])
def test_parameter_that_no_argument_can_be_is_refused(shell: Any, value: Any) -> None:
    ran = shell("echo {{ params.value }}", {"params": {"value": value}})
    assert ran.result.state == "failed"
    assert ran.result.error.startswith("InvalidInput: Argument 1 of the command")


def test_null_byte_in_a_variable_is_refused(shell: Any) -> None:
    ran = shell("true", {"params": {"value": "a\0b"}}, env={"V": "{{ params.value }}"})
    assert ran.result.error == "InvalidInput: The environment variable V would have a null byte."


def test_double_dash_keeps_a_value_from_being_an_option(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "-rf").write_text("content\n")
    assert shell("cat -- {{ params.value }}", {"params": {"value": "-rf"}}).result.value == "content"


@pytest.mark.parametrize("script", ["echo {{ ds }}", "echo {% if x %}y{% endif %}"])
def test_script_with_a_template_is_refused(shell: Any, script: str) -> None:
    ran = shell(script, use_shell=True)
    assert ran.result.state == "failed"
    assert ran.result.error == (
        "InvalidInput: The command holds a template, and with use_shell=True bash would run whatever it gives. Give "
        """the value by env={"DAY": "{{ ds }}"} and write "$DAY" (with the quotes) in the command."""
    )


@pytest.mark.parametrize("name", ["A=B", "", "BASH_FUNC_x%%", "a b", "1A", "É"])
def test_names_of_variables_are_checked(shell: Any, name: str) -> None:
    assert "is no name of an environment variable" in shell("true", env={name: "x"}).result.error


@pytest.mark.parametrize("text", [
    "ls | wc", "ls > x", "a && b", "a; b", "a &", "ls *.csv", "echo $HOME", "echo $(id)", "echo `id`", "ls ~/x",
])  # fmt: skip
def test_what_only_a_shell_understands_is_refused(shell: Any, text: str) -> None:
    error = shell(text).result.error
    assert error.startswith("InvalidInput: The command")
    assert "use_shell=True" in error


def test_quotes_keep_it_as_it_is(shell: Any) -> None:
    assert shell("""echo '|' "*.csv" '$HOME' a\\*b""").result.value == "| *.csv $HOME a*b"


def test_secret_is_seen_nowhere(shell: Any, tmp_path: Path) -> None:
    secrets = Delivered(variables={"token": "swordfish-7"}, hidden=("swordfish-7",))
    args = {"use_shell": True, "env": {"TOKEN": "swordfish-7"}, "secrets": secrets}
    ran = shell('echo "got $TOKEN"; printf sword >&2; printf "fish-7" >&2; exit 1', **args)
    assert ran.result.error == "CommandFailed: The command ended with exit code 1. The last that it said: ***"
    left = "".join(path.read_text() for path in ran.directory.iterdir()) + repr(ran.events) + repr(ran.result)
    assert "swordfish" not in left
    assert ("stdout", "got ***\n") in [(each.name, each.text) for each in ran.output.cells[0].outputs[:2]]
