"""What notebooks need, imported by the first one or when a runner is made ready: a third of a second."""

from __future__ import annotations

import importlib
from types import ModuleType

from studio.core.json_schema import validator_class


def load_notebooks() -> ModuleType:
    """`studio.worker.notebook`."""
    validator_class()  # nbformat imports jsonschema as well, and would wait a second for a grammar that nobody needs
    return importlib.import_module("studio.worker.notebook")
