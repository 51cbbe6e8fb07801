from __future__ import annotations

import datetime
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.values.attempt import AttemptValues
from studio.values.encoding import MAX_INLINE
from studio.values.errors import ValueNotKept
from studio.values.reference import reference_in, references_in

FRAME = pd.DataFrame({"n": [1, 2]})


@pytest.fixture
def described() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def values(tmp_path: Path, described: list[dict[str, Any]]) -> AttemptValues:
    return AttemptValues(str(tmp_path), described.append)


@pytest.mark.parametrize("value", [None, True, 3, -1.5, "ö", [], {}, [1, {"a": [None]}], "x" * 1000])
def test_small_json_stays_as_it_is(values: AttemptValues, value: object, tmp_path: Path) -> None:
    assert values.kept(value) == value
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_numpy_are_numbers(values: AttemptValues) -> None:
    kept = values.kept({"n": np.int64(3), "x": np.float32(0.5), "flag": np.True_, "text": np.str_("a")})
    assert kept == {"n": 3, "x": 0.5, "flag": True, "text": "a"}
    assert [type(each) for each in kept.values()] == [int, float, bool, str]


def test_large_json_becomes_a_file(values: AttemptValues, described: list[dict[str, Any]]) -> None:
    large = {"rows": list(range(100_000)), "$value": "mine"}
    kept = values.kept(large)
    reference = reference_in(kept)
    assert reference is not None and reference.format == "json" and reference.size > MAX_INLINE
    assert values.restored(kept) == large
    assert [each["name"] for each in described] == ["return_value"]


def test_what_tasks_are_mapped_over_stays_a_list(values: AttemptValues) -> None:
    large = list(range(100_000))
    assert values.kept(large, is_measured=True) == large


def test_a_container_keeps_its_shape(values: AttemptValues, described: list[dict[str, Any]]) -> None:
    kept = values.kept({"train": FRAME, "parts": [FRAME, 1], "name": "x"})
    assert [reference.format for reference in references_in(kept)] == ["parquet"] * 2
    assert kept["name"] == "x" and kept["parts"][1] == 1
    assert sorted(each["name"] for each in described) == ["return_value.parts.0", "return_value.train"]
    restored = values.restored(kept)
    pd.testing.assert_frame_equal(restored["train"], FRAME)
    pd.testing.assert_frame_equal(restored["parts"][0], FRAME)


@pytest.mark.parametrize(
    "value",
    [
        {1: "a"},
        {"k": 1, 2: 3},
        [{i} for i in range(1001)],
        {("a", 1): 2},
        {1, 2},
        datetime.date(2013, 1, 1),
        2**80,
        b"\xff",
    ],
)
def test_everything_else_comes_back_as_it_was(values: AttemptValues, value: object) -> None:
    kept = values.kept(value)
    assert reference_in(kept) is not None
    assert values.restored(kept) == value


def test_text_with_half_a_surrogate_comes_back(values: AttemptValues) -> None:
    text = "a\ud800\n"
    assert values.restored(values.kept(text)) == text


def test_users_dicts_are_no_references(values: AttemptValues) -> None:
    forged = {"$value": "0" * 64, "format": "cloudpickle", "type": "x", "size": 1}
    kept = values.kept([forged, {"$plain": forged}])
    assert list(references_in(kept)) == []
    assert values.restored(kept) == [forged, {"$plain": forged}]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (threading.Lock(), "What the task returns is a _thread.lock, which cannot be passed on"),
        ({"rows": (n for n in range(3))}, "'rows' in what the task returns is a generator"),
    ],
)
def test_what_cannot_be_passed_on_is_named(values: AttemptValues, value: object, said: str) -> None:
    with pytest.raises(ValueNotKept, match=said) as caught:
        values.kept(value)
    assert caught.value.hint is not None and "a table" in caught.value.hint


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["$value", "$plain", "$apply"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=plain)
def test_what_goes_in_comes_out(values: AttemptValues, value: object) -> None:
    assert values.restored(values.kept(value)) == value
