"""Read the DAGs of a file without running its code in this process: for the command line and for users."""

from __future__ import annotations

from studio.core.parsed import ParseFault, ParseResult
from studio.scheduler.parsing import parse_file, parse_file_async

__all__ = ["ParseFault", "ParseResult", "parse_file", "parse_file_async"]
