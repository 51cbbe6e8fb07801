"""Which kernels are installed for this user and this Python, by the directories that Jupyter looks in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from studio.core.names import shown

#: ipykernel makes it without a directory.
NATIVE: Final = "python3"


def installed_kernels() -> list[str]:
    """Names of kernelspecs, sorted. Not jupyter_client's list: importing that takes longer than reading a DAG."""
    from jupyter_core.paths import jupyter_path  # noqa: PLC0415 - heavy third party, only here

    found = {NATIVE}
    for folder in jupyter_path("kernels"):
        try:
            found.update(spec.parent.name.lower() for spec in Path(folder).glob("*/kernel.json"))
        except OSError:
            continue  # a directory of others
    return sorted(found)


def kernel_warning(name: str | None) -> str | None:
    """A sentence if no kernel of this name is installed here; the worker may run elsewhere, so it is only a warning."""
    if name is None or name == NATIVE:
        return None
    installed = installed_kernels()
    if name.lower() in installed:
        return None
    return f"kernel_not_found: there is no kernel {shown(name)} here. Installed: {', '.join(installed)}."
