"""`studio notebook …`: what a notebook takes, and whether it can run. Needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.artifacts.kernelspecs import kernel_warning
from studio.artifacts.notebook_files import read_bytes
from studio.cli.show import json_option, plain, print_json, print_table, printable
from studio.core.inspection import Inspection, inspection_of
from studio.core.parameter_schema import INFERRED


@click.group()
def notebook() -> None:
    """Show what a notebook takes, and check it."""


@notebook.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def params(file: Path, as_json: bool) -> int:
    """The parameters of a notebook: types, defaults and help, from its cell tagged `parameters`."""
    found = _inspected(file)
    if as_json:
        print_json(found.parameters)
        return 0
    required = found.parameters["required"]
    rows = [
        (
            plain(name),
            plain(_type(described)),
            "required"
            if name in required
            else plain(repr(described["default"]) if "default" in described else ""),
            plain(described.get("description", "")),
        )
        for name, described in found.parameters["properties"].items()
    ]
    print_table(("parameter", "type", "default", "help"), rows, "No parameters.")
    _warn(found)
    return 0


@notebook.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> int:
    """Say whether a file can be the notebook of a task, and what is odd about it. Exit code 2 if it cannot."""
    found = _inspected(file)
    if as_json:
        print_json(
            {
                "path": str(file.absolute()),
                "language": found.language,
                "kernel_name": found.kernel_name,
                "cells": found.cells,
                "warnings": found.warnings,
                "digest": found.digest,
            }
        )
        return 0
    kernel = f", kernel {found.kernel_name}" if found.kernel_name else ""
    words = f"{found.cells} cell{'s' * (found.cells != 1)}, {found.language}{kernel}"
    click.echo(printable(f"✓ {file}: {words}"))
    _warn(found)
    return 0


def _inspected(file: Path) -> Inspection:
    found = inspection_of(read_bytes(str(file)), file.name)
    missing = kernel_warning(found.kernel_name)
    return found if missing is None else found.with_warning(missing)


def _warn(found: Inspection) -> None:
    for warning in found.warnings:
        click.echo(printable(f"! {warning}"), err=True)


def _type(described: dict[str, Any]) -> str:
    """The type of a property in a few words; in parentheses if it is only that of the default."""
    if "enum" in described:
        return " | ".join(map(repr, described["enum"]))
    if "anyOf" in described:
        return " | ".join(_type(each) for each in described["anyOf"])
    kinds = described.get("type", "")
    words = described.get("format") or (kinds if isinstance(kinds, str) else " | ".join(kinds))
    inner = described.get("items") or described.get("additionalProperties")
    if inner:
        words = f"{words} of {_type(inner)}"
    return f"({words})" if described.get(INFERRED) else str(words)
