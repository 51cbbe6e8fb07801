"""A graph as data catalogues have it: entries and tags are created, looked up, changed, deleted. No logic."""

from __future__ import annotations

from studio import DAG, chain, empty

with DAG("example_complex"):
    made = {
        thing: empty(f"create_{thing}")
        for thing in (
            "entry_group",
            "entry_group_result",
            "entry_gcs",
            "entry_gcs_result",
            "tag",
            "tag_result",
        )
    }
    template = {
        part: empty(f"create_tag_template{part}") for part in ("", "_result", "_field", "_field_result")
    }
    read = {
        thing: empty(f"get_{thing}")
        for thing in ("entry_group", "entry_group_result", "entry", "entry_result", "tag_template",
                      "tag_template_result", "tags", "tags_result")
    }  # fmt: skip
    found = {thing: empty(f"{thing}_catalog") for thing in ("search", "search_result_of", "lookup")}
    changed = {
        thing: empty(f"update_{thing}") for thing in ("entry", "tag", "tag_template", "tag_template_field")
    }
    renamed = empty("rename_tag_template_field")
    gone = {
        thing: empty(f"delete_{thing}")
        for thing in ("entry", "entry_group", "tag", "tag_template", "tag_template_field")
    }

    # what is made, in this order, each with its result
    chain(made["entry_group"], made["entry_group_result"], template[""], template["_result"])
    chain(template[""], template["_field"], template["_field_result"])
    chain(made["entry_group"], made["entry_gcs"], made["entry_gcs_result"])
    chain(made["entry_gcs"], made["tag"], made["tag_result"])
    template["_field"] >> made["tag"]

    # each is read once it is there
    for thing, source in (("entry_group", "entry_group"), ("entry", "entry_gcs"), ("tags", "tag")):
        chain(made[source], read[thing], read[f"{thing}_result"])
    chain(template[""], read["tag_template"], read["tag_template_result"])
    chain(made["tag"], [found["search"], found["lookup"]])
    found["search"] >> found["search_result_of"]

    # then changed, then deleted, from the inside out
    chain([read["tags"], read["entry"], found["lookup"]], changed["entry"], changed["tag"])
    chain(read["tag_template"], changed["tag_template"], changed["tag_template_field"], renamed)
    [changed["tag"], found["search"]] >> gone["tag"]
    chain([gone["tag"], renamed], gone["tag_template_field"], gone["tag_template"])
    chain(gone["tag"], gone["entry"], gone["entry_group"])
