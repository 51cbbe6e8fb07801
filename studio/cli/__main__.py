"""`python -m studio.cli`: the same as `studio`."""

from __future__ import annotations

import sys

from studio.cli import main

sys.exit(main())
