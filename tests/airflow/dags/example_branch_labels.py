"""A check of data: what happens next depends on what it found, and there is a report in the end."""

from __future__ import annotations

from studio import DAG, branch, empty


def judge(errors: int) -> str | list[str]:
    if errors == 0:
        return "save"
    return ["save", "describe"] if errors < 5 else "describe"


with DAG("example_branch_labels", params={"errors": 0}):
    ingest = empty("ingest")
    check = branch(judge, args={"errors": "{{ params.errors }}"}, task_id="check", after=ingest)
    save = empty("save")
    describe = empty("describe")
    handle = empty("error", after=describe)
    report = empty("report", trigger_rule="none_failed_min_one_success")
    check >> [save, describe]
    [save, handle] >> report
