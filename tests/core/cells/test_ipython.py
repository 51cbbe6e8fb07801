from __future__ import annotations

import pytest

from studio.core.cells.ipython import plain_python


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("x = 1", "x = 1"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("%time y = f(x)", "y = f(x)"),
        ("%timeit -n 3 f(x)", "f(x)"),
        ("%%time\ny = f(x)", "\ny = f(x)"),
        ("%%time y = f(x)\nz = y", "y = f(x)\nz = y"),
        ("%%capture out\nprint(x)", "\nprint(x)"),
        ("!ls $folder {name}.csv $$HOME", "((folder), (name),)"),
        ("files = !ls $folder", "files = ((folder),)"),
        ("where = %pwd", "where = ()"),
        ("took = %timeit -o f(x)", "took = (f(x))"),
        ("if x:\n    !touch {x}\n    %cd $x", "if x:\n    ((x),)\n    ((x),)"),
        ("df.head?", "pass"),
        ("?df", "pass"),
        ("total = (a\n% b)", "total = (a\n% b)"),
        ("text = '''\n%time\n!ls\n'''", "text = '''\n%time\n!ls\n'''"),
        ("!echo a \\\n  $b\nc = 1", "((b),)\n\nc = 1"),
        ("# what?\nx = 'really?'", "# what?\nx = 'really?'"),
        ("data = await fetch(url)", "data = await fetch(url)"),
    ],
)
def test_ipython_becomes_python_that_reads_and_gives_the_same_names(source: str, plain: str) -> None:
    found = plain_python(source)
    assert (found.source, found.problems) == (plain, ())


@pytest.mark.parametrize(
    ("source", "code", "line", "said"),
    [
        ("x = 1\n%run other.py", "hiding_magic", 2, "%run runs a file, whose names cannot be seen."),
        ("%reset -f", "hiding_magic", 1, "%reset deletes names of other cells."),
        ("%frobnicate x", "unknown_magic", 1, "What %frobnicate needs and gives cannot be seen."),
        ("%%bash\necho $x", "cell_magic", 1, "What %%bash does cannot be seen, so the cell can be no task."),
        (", f a b", "shorthand", 1, "IPython's shorthand ',' is not understood."),
    ],
)
def test_what_cannot_be_seen_is_refused_with_a_reason(source: str, code: str, line: int, said: str) -> None:
    (problem,) = plain_python(source).problems
    assert (problem.code, problem.line, problem.message, problem.severity) == (code, line, said, "error")
    assert problem.hint
