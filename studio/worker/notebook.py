"""Notebook tasks: papermill executes the notebook with our engine and leaves `output.ipynb` in the attempt's directory.

config: `{"path": path of the .ipynb as its author wrote it, "source": "snapshot" (then `content` is the path of what
was published, `digest` its hash), "latest" or "git" (with `revision`), "cwd": directory of the kernel, "parameters":
{name: JSON, text may be a template}, "timeout": seconds or None, "kernel_name": name or None}`; and, all optional,

cell_timeout                 seconds for each cell that does not say otherwise itself (`cell_tags`)
max_cell_output, max_output  characters kept of one cell's text, and of all outputs of the notebook (`cell_outputs`)
strict                       a `!command` that fails fails its cell (`%%bash` does so anyway)
outputs                      paths or patterns that must exist after success, relative to cwd; text may be a template
memory_limit, max_processes  bytes, and a number, for the kernel and all that it starts (`cage`)
export                       formats, "html" or "pdf", that are made of the output notebook at the end (`exporting`)

details of the result: `kernel_name`, `kernel` ("forked", "spawned"), `rendered`, `source`, `environment`
(`environment`), `cells`, `executed`, `duration`, `cell_durations`, `cell_resources` {index: {"cpu", "peak_memory"}},
`resources`, `outputs` (`declared_outputs`), `exports` (`exporting`), `truncated`, `warnings`, and of a failure
`failed_cell_in_source` and `reason`: "cell_failed", "stdin_not_available", "system_exit", "cell_timeout", "timeout",
"condition_failed", "output_missing", "kernel_failed" (it did not start), "kernel_exited", "kernel_killed",
"kernel_crashed", "kernel_died", "oom_killed", "too_many_processes", or the code of another `StudioError`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.execute import execute_notebook, remove_error_markers
from papermill.iorw import write_ipynb

from studio.core.cell_tags import check_controls
from studio.core.notebook_parameters import NotebookParameters
from studio.core.signals import Signal
from studio.core.templating import render_all
from studio.errors import StudioError
from studio.outcomes import TaskOutcome
from studio.worker.arguments import arguments_of, kept
from studio.worker.cage import Cage
from studio.worker.cell_outputs import OutputLimits
from studio.worker.copying import with_copies
from studio.worker.declared_outputs import record_outputs
from studio.worker.endings import crashed
from studio.worker.engine import DEFAULT_KERNEL, language_in
from studio.worker.environment import Environment
from studio.worker.exporting import with_exports
from studio.worker.fork_servers import FORK_SERVERS
from studio.worker.kernels import Kernels
from studio.worker.notebook_report import NotebookReport
from studio.worker.notebook_source import SourceNotebook, read_source
from studio.worker.papermill_files import literal_path, register, silence_format_warnings
from studio.worker.parameter_code import as_code, with_code
from studio.worker.task import Emit, Rendered, TaskRequest, TaskResult
from studio.worker.task_log import TaskLog, log_of

OUTPUT = "output.ipynb"


def run_notebook(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run a notebook task; errors of the notebook are a failed result, and its output notebook is kept.

    Raises `StudioError` for what was wrong before a kernel started.
    """
    if request.context.get("interpret") == "sensor":
        return _no_sensor()
    log = log_of(request, emit)
    try:
        prepared = _prepare(request, _parameters(request, log), emit)
        with _caged(request) as cage:
            result = _execute(request, prepared, emit, log, cage)
        result = with_exports(result, request, log)
        if prepared.copy_to is None:
            return result
        stem = Path(prepared.source.record["path"]).stem
        return with_copies(result, request, prepared.copy_to, stem, log)
    except (StudioError, TaskOutcome, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # of a function that is applied to a mapped argument
        return crashed(error, log)
    finally:
        log.end()


def _parameters(request: TaskRequest, log: TaskLog) -> dict[str, Any]:
    given, context = request.config.get("parameters") or {}, request.context
    with ExitStack() as stack:
        if context.get("mapped_args") or context.get("mapped"):  # functions of users may be called, and print
            stack.enter_context(redirect_stdout(log.stream("stdout")))
            stack.enter_context(redirect_stderr(log.stream("stderr")))
        return arguments_of(given, context, "parameter", as_code)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that is known, and was checked, before a kernel starts."""

    source: SourceNotebook
    parameters: dict[str, Any]
    kernel_name: str
    outputs: list[str]  # declared, rendered
    copy_to: str | None  # rendered, absolute
    environment: Environment
    details: dict[str, Any]


def _prepare(request: TaskRequest, parameters: dict[str, Any], emit: Emit) -> _Prepared:
    """Raises `StudioError` for what is wrong with the notebook, its parameters and its cells' tags."""
    config = request.config
    rendered = kept(parameters)
    emit(Rendered(parameters=rendered))
    source = read_source(config, request.directory)
    folder, name = os.path.split(source.record["path"])
    declared = NotebookParameters(source.notebook, f"The notebook {name}")
    loaded = {
        name: parameters[name] for name in with_code(parameters, declared.where, is_python=declared.is_python)
    }
    plain = {name: value for name, value in parameters.items() if name not in loaded}
    checked = declared.check(plain, config.get("parameters"), loaded)
    parameters = {name: loaded.get(name, checked.get(name)) for name in parameters}
    check_controls(source.notebook["cells"])
    kernel_name = config.get("kernel_name") or _kernel_of(source.notebook)
    details = {
        "kernel_name": kernel_name,
        "rendered": rendered,
        "source": source.record,
        "warnings": [*source.warnings, *declared.remarks(checked)],
    }
    environment = Environment(folder, parameters=parameters, source_digest=source.record["digest"])
    outputs, copy_to = _declared_outputs(request), _copy_to(request, folder)
    return _Prepared(source, parameters, kernel_name, outputs, copy_to, environment, details)


def _execute(
    request: TaskRequest, prepared: _Prepared, emit: Emit, log: TaskLog, cage: Cage | None
) -> TaskResult:
    config = request.config
    report = NotebookReport(emit, log, prepared.source.notebook, prepared.environment, prepared.details)
    if cage is not None:
        report.caged(cage, config)
    elif _wants_cage(config):
        report.warn(f"`memory_limit` and `max_processes` have no effect here: {Cage.obstacle()}")
    try:
        _run_papermill(request, prepared, report, cage)
        result = report.ended()
        if not prepared.outputs or result.state != "success":
            return result
        report.keep("outputs", record_outputs(prepared.outputs, str(config.get("cwd") or os.getcwd())))
        return report.ended()
    except (StudioError, PapermillException) as error:
        return report.failed_by(error)


def _run_papermill(
    request: TaskRequest, prepared: _Prepared, report: NotebookReport, cage: Cage | None
) -> None:
    """Raises `PapermillException` and `StudioError` for what fails the task."""
    config, notebook = request.config, prepared.source.notebook
    output = os.path.join(request.directory, OUTPUT)
    register()
    silence_format_warnings()
    opening = _kernels(os.environ.get(FORK_SERVERS, "")).open(
        prepared.kernel_name,
        cwd=config.get("cwd"),
        env=request.env,
        sources=_sources(notebook),
        attachable=bool(config.get("attachable")),
        want=report.fork_server_wanted,
    )
    try:
        opening.begin()
        execute_notebook(
            literal_path(prepared.source.path),
            literal_path(output),
            parameters=prepared.parameters,
            engine_name="studio",
            kernel_name=prepared.kernel_name,
            language=_language_of(notebook),
            progress_bar=False,
            observer=report,
            opening=opening,
            timeout_total=config.get("timeout"),
            cell_timeout=config.get("cell_timeout"),
            strict=bool(config.get("strict")),
            limits=_limits(config),
            cage=cage,
            error_markers=False,
        )
    except PapermillExecutionError:
        if report.failed_cell is None:
            # Papermill counts an error that its cell allows (`raises-exception`), and an early end.
            _remove_markers(report.notebook, output)
        elif report.ended_by is None:
            raise
    finally:
        opening.release()


def _no_sensor() -> TaskResult:
    return TaskResult(
        state="failed",
        error="A notebook cannot be a sensor: it has no value yet that would say whether the wait is over. In an "
        "ordinary notebook task, `raise studio.Reschedule(timedelta(minutes=5))` looks again later.",
        signal=Signal(retry=False),
    )


def _declared_outputs(request: TaskRequest) -> list[str]:
    """Rendered before the kernel starts: a template that fails has cost nothing."""
    declared = {str(index): path for index, path in enumerate(request.config.get("outputs") or ())}
    return [str(path) for path in render_all(declared, request.context, "declared output").values()]


def _copy_to(request: TaskRequest, folder: str) -> str | None:
    """Rendered beforehand, too; relative to the notebook's directory."""
    given = request.config.get("copy_to")
    if given is None:
        return None
    rendered = render_all({"copy_to": given}, request.context, "folder for copies")["copy_to"]
    return os.path.join(request.config.get("cwd") or folder, str(rendered))


def _wants_cage(config: dict[str, Any]) -> bool:
    return config.get("memory_limit") is not None or config.get("max_processes") is not None


@contextmanager
def _caged(request: TaskRequest) -> Iterator[Cage | None]:
    """The cage that the task asks for, where the system permits one: else the task runs without."""
    config = request.config
    if not _wants_cage(config) or not Cage.available():
        yield None
        return
    with Cage(
        f"attempt_{request.attempt_id}", config.get("memory_limit"), config.get("max_processes")
    ) as cage:
        yield cage


def _limits(config: dict[str, Any]) -> OutputLimits:
    given = {"text": config.get("max_cell_output"), "notebook": config.get("max_output")}
    return OutputLimits(**{name: int(value) for name, value in given.items() if value is not None})


def _sources(notebook: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _kernel_of(notebook: dict[str, Any]) -> str:
    return str(notebook["metadata"].get("kernelspec", {}).get("name") or DEFAULT_KERNEL)


def _language_of(notebook: dict[str, Any]) -> str:
    """What papermill translates parameters to; in the notebook's own spelling."""
    metadata: dict[str, Any] = notebook["metadata"]
    return language_in(metadata)


@cache
def _kernels(directory: str) -> Kernels:
    """They remember kernelspecs from one attempt to the next."""
    return Kernels(directory)


def _remove_markers(notebook: NotebookNode, output: str) -> None:
    remove_error_markers(notebook)
    write_ipynb(notebook, output)
