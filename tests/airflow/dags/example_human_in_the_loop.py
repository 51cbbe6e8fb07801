"""Tasks that wait for a person: for a text, for a choice, for an approval, for the way to go."""

from __future__ import annotations

from studio import DAG, Param, approval, chain, empty, task


@task
def use(information: str, option: list[str], by: str) -> str:
    return f"{information}: {', '.join(option)} ({by})"


with DAG("example_human_in_the_loop"):
    entry = approval(
        "Please provide required information:",
        options=["OK"],
        inputs={"information": Param("", type="string")},
        task_id="wait_for_input",
    )
    option = approval(
        "Please choose one option to proceed:",
        options=["option 1", "option 2", "option 3"],
        task_id="wait_for_option",
    )
    several = approval(
        "Please choose options to proceed:",
        options=["option 4", "option 5", "option 6"],
        multiple=True,
        task_id="wait_for_multiple_options",
    )
    default = approval(
        "Please choose an option, or the default counts:",
        options=["option 7", "option 8"],
        default="option 7",
        timeout=0.2,
        task_id="wait_for_default_option",
    )
    used = use(entry.output["params_input"], several.output["chosen_options"], option.output["responded_by"])
    approved = approval("Is all of that right?", task_id="valid_input_and_options")
    chosen = approval(
        "Which way?",
        options=["task_1", "task_2", "task_3"],
        multiple=True,
        chooses_branch=True,
        task_id="choose_a_branch_to_run",
    )
    chain([used, default], approved, chosen, [empty("task_1"), empty("task_2"), empty("task_3")])

with DAG("example_approval_without_default"):
    approval("Quick!", timeout=0.2, task_id="too_late") >> empty("after")
