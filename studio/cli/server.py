"""`studio server|status|stop|openapi`."""

from __future__ import annotations

import json
import os
import signal
import time
import webbrowser
from dataclasses import replace
from pathlib import Path

import click

from studio.api.openapi import openapi_document
from studio.cli.show import duration, json_option, print_json
from studio.client import connect
from studio.client.endpoint import environment_of, find_server, is_alive, read_endpoint
from studio.errors import ServerUnavailable
from studio.settings import Settings

_STOP_TIMEOUT = 20.0  # seconds


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port on 127.0.0.1; without it any free one.")
@click.option("--slots", type=click.IntRange(1, 512), help="Tasks running at once.")
@click.option("--dags", type=click.Path(file_okay=False, path_type=Path), help="The folder of DAG files.")
def server(port: int | None, slots: int | None, dags: Path | None) -> int:
    """Run the server here, until Ctrl-C. Running tasks go on when it stops."""
    from studio.server.__main__ import main  # noqa: PLC0415 - the whole server

    settings = Settings.from_environment()
    changed = replace(
        settings,
        port=settings.port if port is None else port,
        slots=slots or settings.slots,
        dag_folder=settings.dag_folder if dags is None else dags.absolute(),
    )
    os.environ.update(environment_of(changed))
    return main()


@click.command()
@json_option
def status(as_json: bool) -> int:
    """Show the running server. Exit code 1 if there is none."""
    settings = Settings.from_environment()
    if find_server(settings) is None:
        raise ServerUnavailable(
            f"No studio server runs on {settings.home}.", hint="Start it with `studio server`."
        )
    with connect(start=False) as client:
        info = client.server_info()
        if as_json:
            print_json({"url": client.url, "log": str(settings.log_file), "server": info})
            return 0
        click.echo(f"Server     {client.url}  (process {info.pid}, version {info.version})")
        click.echo(f"Up         {duration(info.started_at, None)}")
        click.echo(f"Scheduling {'yes' if info.scheduling else 'no: another server holds the lease'}")
        click.echo(f"Tasks      {info.running} running, {info.slots} slots, {info.workers} workers")
        click.echo(f"Database   {info.database}")
        click.echo(f"DAG folder {info.dag_folder}")
        click.echo(f"Log        {settings.log_file}")
    return 0


@click.command()
@click.option("--no-browser", is_flag=True, help="Print the link instead of opening it.")
@click.option("--log-out", is_flag=True, help="Log out every browser, and let no link be used any more.")
def dashboard(no_browser: bool, log_out: bool) -> int:
    """Open the dashboard in a browser. The button behind the link logs in; it works once, for five minutes."""
    with connect() as client:
        if log_out:
            client.end_logins()
            click.echo("Every browser is logged out.")
            return 0
        link = client.new_login()
    if no_browser or not webbrowser.open(link):
        click.echo(link)
    return 0


@click.command()
def stop() -> int:
    """Stop the server; running tasks go on and the next server adopts them."""
    settings = Settings.from_environment()
    endpoint = read_endpoint(settings)
    if endpoint is None or not is_alive(endpoint.pid):
        click.echo("No server runs.")
        return 0
    try:
        with connect(endpoint.url, endpoint.token) as client:
            client.stop_server()
    except ServerUnavailable:
        if find_server(settings) is None and not _is_studio(endpoint.pid):
            click.echo("No server runs.")  # the process id of the file is somebody else's by now
            return 0
        os.kill(endpoint.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT
    while is_alive(endpoint.pid):
        if time.monotonic() > deadline:
            raise ServerUnavailable(
                f"The server (process {endpoint.pid}) has not ended within {_STOP_TIMEOUT:.0f} s.",
                hint=f"Its log: {settings.log_file}. `kill -9 {endpoint.pid}` ends it; running tasks go on.",
            )
        time.sleep(0.05)
    click.echo("Stopped.")
    return 0


@click.command()
def openapi() -> int:
    """Print the OpenAPI document."""
    click.echo(json.dumps(openapi_document(), indent=1, ensure_ascii=False))
    return 0


def _is_studio(pid: int) -> bool:
    import psutil  # noqa: PLC0415 - needed here only

    try:
        return any("studio" in part for part in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False
