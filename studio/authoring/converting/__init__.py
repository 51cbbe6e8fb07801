"""Ordinary notebooks → notebooks of marked cells → `.py` DAG files. What cells mean is in `studio.core.cells`."""
