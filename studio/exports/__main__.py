"""`python -m studio.exports FORMAT NOTEBOOK TARGET TITLE IMAGES`: one conversion; started by `conversion.convert`.

What is wrong goes to the standard output, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from studio.errors import ExportFailed, StudioError
from studio.exports.chromium import die_with_parent, find_chromium, print_pdf

MEMORY: Final = 3 << 30  # bytes of address space for making the page


def main(form: str, notebook: str, target: str, title: str, images: str) -> int:
    die_with_parent()
    try:
        if form == "pdf":
            find_chromium()
        page = Path(target) if form == "html" else Path(target).with_name("page.html")
        with _memory_limit():
            _write_page(Path(notebook), page, title, images, for_printing=form == "pdf")
        if form == "pdf":
            print_pdf(page, Path(target))
    except StudioError as error:
        sys.stdout.write(json.dumps({"code": error.code, "message": error.message, "hint": error.hint}))
        return 1
    return 0


def _write_page(notebook: Path, page: Path, title: str, images: str, *, for_printing: bool) -> None:
    try:
        from studio.exports.page import html_of  # noqa: PLC0415 - nbconvert: most of a second

        content = notebook.read_text(encoding="utf-8")
        text = html_of(content, title=title, images=images, for_printing=for_printing)
        page.write_text(text, encoding="utf-8", errors="replace")  # a lone surrogate has no bytes
    except MemoryError as error:
        raise ExportFailed(
            f"Showing the notebook as a page takes more than {MEMORY >> 30} GB of memory.",
            hint="Its outputs are large; download the notebook instead.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ExportFailed(f"The notebook cannot be read or its page not be written: {error}") from error


@contextmanager
def _memory_limit() -> Iterator[None]:
    """For making the page only: Chromium, later, reserves more addresses than it will ever use."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    hard = before[1]
    resource.setrlimit(
        resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard)
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # nothing is left to do, and tearing down what nbconvert has imported takes a while
