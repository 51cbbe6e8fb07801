"""Which libraries a fork server may import before it forks. Standard library only.

Importing is all that may be done with them: a library that has started threads, or an OpenMP team, leaves its forks
waiting for threads that they do not have. Of the ones here that is known to be safe; the fork server counts its
threads after each all the same. Never a module of the user's own: its forks would not see it change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: name in a notebook's `import` → what is imported for it
ALLOWED: dict[str, tuple[str, ...]] = {
    "duckdb": ("duckdb",),
    "matplotlib": ("matplotlib.pyplot",),
    "numpy": ("numpy", "numpy.random"),
    "pandas": ("pandas", "numpy.random"),
    "pylab": ("matplotlib.pyplot",),
    "pyarrow": ("pyarrow",),
    "requests": ("requests",),
    "scipy": ("scipy",),
    "seaborn": ("seaborn",),
    "sklearn": ("sklearn",),
    "sqlalchemy": ("sqlalchemy",),
}

#: For kernels of which nobody knows yet what they will import.
COMMON = ("matplotlib", "numpy", "pandas")

#: Run in the fork server once the libraries named are imported, so that what they import, look up and cache when they
#: are first used is there in every fork. Only of libraries that may be used before a fork, which most may not.
FIRST_USES: dict[tuple[str, ...], str] = {
    ("matplotlib",): """
import io, matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([1, 2], [1, 2], label="x")
axes.set_title("x")
axes.legend()
figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
plt.close("all")
""",
    ("pandas",): """
import pandas as pd
frame = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
frame.describe()._repr_html_(), repr(frame), frame.groupby("y").mean()
""",
    ("matplotlib", "pandas"): """
import matplotlib.pyplot as plt, pandas as pd
pd.DataFrame({"x": [1, 2]}).plot()
plt.close("all")
""",
}

_IMPORT = re.compile(r"^[ \t]*(?:import[ \t]+(.+)|from[ \t]+([\w.]+)[ \t]+import\b)", re.MULTILINE)


def wanted(sources: Iterable[str]) -> frozenset[str]:
    """The libraries that cells import and that may be imported beforehand."""
    found: set[str] = set()
    for source in sources:
        if "import" not in source:
            continue
        for names, package in _IMPORT.findall(source):
            for name in (names or package).split("#")[0].split(","):
                found.add(name.strip().split(" ")[0].split(".")[0])
    return frozenset(found & ALLOWED.keys())
