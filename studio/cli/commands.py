"""The tree of commands. What a command needs is loaded when it runs, so that `studio --help` is quick."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import Final

import click

from studio._version import __version__

#: name → (module, what `studio --help` says)
_COMMANDS: Final = {
    "server": ("server", "Run the server here, until Ctrl-C."),
    "status": ("server", "Show the running server."),
    "dashboard": ("server", "Open the dashboard in a browser."),
    "stop": ("server", "Stop the server; running tasks go on."),
    "dags": ("dags", "List, show, trigger, pause, check, test and publish DAGs."),
    "runs": ("runs", "List, show, watch, clear, mark, cancel and delete runs."),
    "tasks": ("tasks", "Show what a task did, run it again, mark it, answer it."),
    "schedule": ("schedule", "Schedule a notebook, or run it once, without writing a DAG."),
    "notebook": ("notebooks", "Show what a notebook takes, and check it."),
    "backfill": ("backfills", "Runs of the past: preview, create, watch, pause, cancel, extend."),
    "pools": ("pools", "List, set and delete pools."),
    "connections": ("connections", "List, set and delete connections; their secrets are never shown."),
    "variables": ("variables", "List, set, delete, import and export variables."),
    "secrets": ("secrets", "Change the key that encrypts secrets."),
    "assets": ("assets", "List assets and their events, make events and assets."),
    "audit": ("audit", "Who asked for what, and what came of it."),
    "cache": ("cache", "List and forget kept results of tasks."),
    "doctor": ("doctor", "Look for what is wrong with this studio."),
    "db": ("db", "Check or upgrade the database."),
    "openapi": ("server", "Print the OpenAPI document."),
}


class _Lazy(click.Group):
    """Subcommands that are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"studio.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(_COMMANDS)}."
            raise click.UsageError(f"There is no command {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def studio() -> None:
    """DAGs of notebooks: schedule, watch and repair them.

    The server is found by itself, or started. STUDIO_HOME, STUDIO_DATABASE, STUDIO_DAGS, STUDIO_NOTEBOOKS and
    STUDIO_SLOTS say where things are.
    """
