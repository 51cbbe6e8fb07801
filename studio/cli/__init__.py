"""The command `studio`. Exit codes: 0 done, 1 failed, 2 wrong input, 130 interrupted."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click
import msgspec

from studio.api.models import ErrorAnswer, ErrorDetail
from studio.cli.commands import studio
from studio.errors import InvalidInput, StudioError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the value is the exit code. No traceback for what is not our fault."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = studio.main(given, prog_name="studio", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        if not _as_json(given, ErrorDetail(code="usage", message=error.format_message())):
            error.show()
        return 2
    except StudioError as error:
        field = error.field if isinstance(error, InvalidInput) else None
        detail = ErrorDetail(code=error.code, message=error.message, hint=error.hint, field=field)
        if not _as_json(given, detail):
            click.echo("\n".join(filter(None, (f"Error: {error.message}", error.hint))), err=True)
        return 2 if isinstance(error, InvalidInput) else 1
    except (KeyboardInterrupt, click.Abort):
        return 130
    except (BrokenPipeError, SystemExit):  # click turns the first into the second
        # `studio … | head`: the reader has gone. What is still buffered would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _as_json(arguments: Sequence[str], detail: ErrorDetail) -> bool:
    """A script that asked for JSON gets the error as JSON too."""
    if "--json" not in arguments:
        return False
    click.echo(msgspec.json.encode(ErrorAnswer(error=detail)).decode(), err=True)
    return True
