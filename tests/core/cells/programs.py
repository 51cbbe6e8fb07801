"""Random programs in cells: they bind, change, delete and read a few names, in the ways in which notebooks do it.

Each cell is valid Python that ends, and the first one binds every name; a program may still fail when it runs, which
is for the test to find out. Two names are never one object: passing values on by copies is not meant to keep that.
"""

from __future__ import annotations

from hypothesis import strategies as st

NUMBERS = ("n", "m", "k")
LISTS = ("xs", "ys")
TABLES = ("d", "e")

number = st.sampled_from(NUMBERS)
listing = st.sampled_from(LISTS)
table = st.sampled_from(TABLES)
constant = st.integers(0, 9).map(str)
operand = st.one_of(constant, number)

#: `{n}` and the like are drawn anew for each place.
_SIMPLE = (
    "{n} = {o}",
    "{n} = {o} + {o}",
    "{n} += {o}",
    "{n}: int = {o} * 2",
    "{n}, {n2} = {o}, {o}",
    "{n} = sum({x})",
    "{n} = len({d}) + {o}",
    "{n} = {d}.get('a', {o})",
    "{n} = max({x} or [{o}])",
    "{n} = (lambda v: v + {n})({o})",
    "{n} = {x}.pop() if {x} else {o}",
    "{n} = (hidden := {o}) + hidden",
    "{x} = [{o}, {o}]",
    "{x} = [v + {o} for v in {x} if v != {o}]",
    "{x} = sorted({x})",
    "{x} += [{o}]",
    "{x}.append({o})",
    "{x}.extend(list({x2}))",
    "{x}.sort(reverse=True)",
    "{x}[:1] = [{o}]",
    "del {x}[1:]",
    "[{x}.append(v) for v in [{o}]][0]",
    "{d} = {{'a': {o}}}",
    "{d} = {{**__import__('copy').deepcopy({d2}), 'b': {o}}}",
    "{d}['a'] = {o}",
    "{d}['b'], {n} = {o}, {o}",
    "{d}.update(c={o})",
    "{d}.setdefault('l', []).append({o})",
    "{d}.pop('a', None)",
    "part = {d}.setdefault('l', []); part.append({o})",
    "del {n}; {n} = {o}",
    "print({n}, {x}, {d})",
    "assert {n} == {n}",
)
_BLOCKS = (
    "if {o} % 2:\n    {s}",
    "if {n} > {o}:\n    {s}\nelse:\n    {s}",
    "for i in range(2):\n    {s}",
    "for i in {x}[:2]:\n    {s}\n    {n} = i",
    "while {n} > 5:\n    {s}\n    {n} = 0",
    "try:\n    {s}\n    [][{o}]\nexcept IndexError as error:\n    {s}",
    "try:\n    {s}\nfinally:\n    {s}",
    "match {o}:\n    case 1 | 2:\n        {s}\n    case v:\n        {n} = v",
    "def f(v, w={o}):\n    return v + {n} + w\n{n} = f({o})",
    "def change(v):\n    {x}.append(v)\nchange({o})",
    "def grow(items, by):\n    items.append(by)\ngrow({x}, by={o})",
    "def count():\n    global {n}\n    {n} = {o}\ncount()",
    "class Box:\n    size = {o}\n    def get(self):\n        return self.size + {n}\n{n} = Box().get()",
    "for v in [{o}, {o}]:\n    if v == {n}:\n        continue\n    {s}",
    "with __import__('contextlib').suppress(KeyError):\n    {s}",
)


@st.composite
def _filled(draw: st.DrawFn, pattern: str, depth: int) -> str:
    names = {"n": draw(number), "x": draw(listing), "d": draw(table)}
    others = {"n2": draw(number), "x2": draw(listing), "d2": draw(table)}
    parts = pattern.split("{o}")
    text = parts[0] + "".join(draw(operand) + part for part in parts[1:])
    while "{s}" in text:
        inner = draw(statements(depth + 1))
        at = text.index("{s}")
        indent = at - (text.rfind("\n", 0, at) + 1)
        text = text.replace("{s}", inner.replace("\n", "\n" + " " * indent), 1)
    for name, value in {**names, **others}.items():
        text = text.replace("{" + name + "}", value)
    return text.replace("{{", "{").replace("}}", "}")


def statements(depth: int = 0) -> st.SearchStrategy[str]:
    simple = st.sampled_from(_SIMPLE).flatmap(lambda pattern: _filled(pattern, depth))
    if depth >= 2:
        return simple
    blocks = st.sampled_from(_BLOCKS).flatmap(lambda pattern: _filled(pattern, depth))
    return st.one_of(simple, simple, blocks)


cells = st.lists(statements(), min_size=1, max_size=4).map("\n".join)
FIRST = "n, m, k = 1, 2, 3\nxs, ys = [4, 1], [2]\nd, e = {'a': 1}, {}"
programs = st.lists(cells, min_size=1, max_size=6).map(lambda each: [FIRST, *each])
