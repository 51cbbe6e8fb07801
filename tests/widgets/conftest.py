"""A studio of the test's own."""

from __future__ import annotations

from ..client.conftest import settings as settings
