"""Executed notebooks as files for people without Jupyter: HTML, and PDF where there is a Chromium to print it.

What a notebook holds is anybody's: its pages are made so that they ask nothing of the network and nothing of their
reader's session. A conversion runs in a process of its own, with limits of time and memory.
"""

from __future__ import annotations

from studio.exports.conversion import FORMATS, Format, convert
from studio.exports.kept import Exports, file_name

__all__ = ["FORMATS", "Exports", "Format", "convert", "file_name"]
