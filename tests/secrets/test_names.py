from __future__ import annotations

from studio.core.secret_names import SecretNames, secrets_named
from studio.core.templating import render


def test_secrets_named_finds_them_in_templates() -> None:
    config = {
        "args": ["{{ conn.a.host }}", {"x": "{{ conn['b-1'].url }}{{ var.value.c }}"}],
        "text": "{{ var.value.get('d', 1) }} {% if var.json['e'] %}{% endif %} {{ var.json.get('f') }}",
        "plain": "conn.z",
    }
    found = secrets_named(config, ("own",), ("v",))
    assert found == SecretNames(found.connections, found.variables, ("d",))
    assert sorted(found.connections) == ["a", "b-1", "own"]
    assert sorted(found.variables) == ["c", "d", "e", "f", "v"]


def test_templates_have_what_was_delivered() -> None:
    context = {
        "connections": {"db": {"type": "http", "host": "h", "extra": {"k": 1}, "url": "http://h"}},
        "variables": {"n": 3, "text": '{"a": 1}'},
    }
    given = [
        "{{ conn.db.host }}",
        "{{ conn.db.get_uri() }}",
        "{{ conn.db.extra_dejson.k }}",
        "{{ var.value.n }}",
    ]
    assert render(given, context, "x") == ["h", "http://h", 1, 3]
    assert render("{{ var.json.text }}", context, "x") == {"a": 1}
    assert render("{{ var.value.get('gone', 'b') }}", context, "x") == "b"
