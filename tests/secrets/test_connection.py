from __future__ import annotations

import pytest

from studio.errors import InvalidInput
from studio.secrets.connection import Connection, connection_of

ODD = "p@ss:w/o?r#d% é"


def test_url_and_back_keep_an_odd_password() -> None:
    made = Connection(type="postgresql", host="db", port=5432, login="a@b", password=ODD, schema="test")
    assert connection_of(made.url) == made


def test_repr_has_no_password() -> None:
    assert ODD not in repr(Connection(type="http", password=ODD))


@pytest.mark.parametrize(
    "url", ["hunter2-secret", "http://u:hunter2-secret@h:port/", "http://[hunter2-secret"]
)
def test_connection_of_refuses_without_showing_the_url(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        connection_of(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
