"""What the documentation of mapping says of zips, of skips in a map, of names, and of lists that are empty."""

from __future__ import annotations

from studio import DAG, Skip, empty, task


@task
def names(which: list[str]) -> list[str]:
    return which


@task
def extensions() -> list[str]:
    return ["txt", "csv"]


@task(map_index_template="{{ args.name }}")
def greet(name: str) -> str:
    return f"hello {name}"


@task
def path(parts: list[str]) -> str:
    return ".".join(parts)


@task
def count(values: list[str]) -> int:
    return len(values)


def only_long(name: str) -> str:
    if len(name) < 3:
        raise Skip("too short")
    return name.upper()


with DAG("example_mapping_edges", params={"names": ["ada", "al", "grace"]}):
    listed = names("{{ params.names }}")
    greet.expand(name=listed)
    path.expand(parts=listed.output.zip(extensions(), fill="md"))
    loud = greet.override(task_id="loud").expand(name=listed.output.map(only_long))
    count(loud)
    more = greet.override(task_id="more").expand(name=listed.output.concat(["x"]))
    empty("after_all", after=more, trigger_rule="all_done")
