"""Measurements, never pass/fail: `make bench`. Comparisons are ratios within one run, on the same machine."""
