from __future__ import annotations

from studio.core.cells.flow import CellFlow, Given, flow_of
from studio.core.cells.marks import read_cell


def flow(*sources: str) -> CellFlow:
    return flow_of([read_cell(source, index) for index, source in enumerate(sources)])


def test_a_task_waits_for_those_whose_values_it_reads() -> None:
    found = flow(
        "%dag flights --schedule @daily",
        "%%setup\nimport pandas as pd",
        "%%params\ncarrier: str = 'UA'",
        "%%task extract\nflights = pd.read_csv(f'{ds}.csv')\nflights = flights[flights.carrier == carrier]",
        "%%task delays\ndelays = flights.groupby('origin').dep_delay.mean()",
        "%%task report\ndelays.plot.bar()",
    )
    assert found.problems == ()
    assert [(task.id, task.needs, task.gives, task.params, task.context) for task in found.tasks] == [
        ("extract", (), ("flights",), ("carrier",), ("ds",)),
        ("delays", (Given("flights", "extract"),), ("delays",), (), ()),
        ("report", (Given("delays", "delays"),), (), (), ()),
    ]


def test_a_change_in_place_is_a_new_version() -> None:
    found = flow("%dag d", "%%task a\nxs = [1]", "%%task b\nxs.append(2)", "%%task c\nprint(xs)")
    assert [(task.id, task.upstream) for task in found.tasks] == [("a", ()), ("b", ("a",)), ("c", ("b",))]
