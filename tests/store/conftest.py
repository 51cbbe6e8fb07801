"""Databases for the tests of the store's own parts."""

from __future__ import annotations

from tests.databases import empty_mariadb, empty_postgresql, sqlite_template, sqlite_url

__all__ = ["empty_mariadb", "empty_postgresql", "sqlite_template", "sqlite_url"]
