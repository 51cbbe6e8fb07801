from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from studio.authoring.caching import Cache, cache_spec
from studio.core.spec import CacheSpec
from studio.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "spec"),
    [
        (False, None),
        (True, CacheSpec()),
        (60, CacheSpec(expires=60.0)),
        (timedelta(hours=1), CacheSpec(expires=3600.0)),
        ("2 days", CacheSpec(expires=172800.0)),
        (Cache(version="2"), CacheSpec(version="2")),
    ],
)
def test_cache_is_data(given: Any, spec: CacheSpec | None) -> None:
    assert cache_spec(given) == spec


@pytest.mark.parametrize("given", ["soon", -5, 0, timedelta(0), Cache(expires="0 s"), Cache(version=2)])  # type: ignore[arg-type]
def test_cache_that_makes_no_sense_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        cache_spec(given)
    assert refused.value.field == "cache"
