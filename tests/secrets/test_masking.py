from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from studio.secrets.masking import Masker

SECRET = "p@ss\"w/ö rd'&%"
MASKER = Masker([SECRET])


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
        repr(SECRET)[1:-1],
        ascii(SECRET)[1:-1],
        repr(SECRET.encode())[2:-1],
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET).lower(),
        SECRET.encode().hex(),
    ],
)
def test_text_hides_each_spelling(spelling: str) -> None:
    assert MASKER.text(f"<{spelling}>") == "<***>"


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_text_hides_base64_at_each_offset(before: str) -> None:
    encoded = base64.b64encode(f"{before}{SECRET}tail".encode()).decode()
    inside = base64.b64encode(f"xx{SECRET}".encode()).decode()
    assert "***" in MASKER.text(encoded)
    assert "***" in MASKER.text(inside)


def test_text_hides_the_longest_first() -> None:
    assert Masker(["secret", "secret-tail"]).text("secret-tail") == "***"


def test_text_hides_the_lines_of_a_key() -> None:
    assert Masker(["-----BEGIN-----\nabcdefgh\n"]).text("1: abcdefgh") == "1: ***"


def test_text_leaves_what_is_short() -> None:
    assert not Masker(["short"])


def test_value_hides_in_keys_and_keeps_what_is_clean() -> None:
    clean = {"a": [1, None, {"b": "c"}]}
    assert MASKER.value(clean) is clean
    assert MASKER.value({SECRET: [f"a {SECRET}", 1]}) == {"***": ["a ***", 1]}
