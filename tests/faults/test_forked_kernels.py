"""What code may rely on, in the kernels that tasks get: forks, over a private pair of sockets."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Faults, eventually
from tests.kernels.behaviours import BEHAVIOURS

pytestmark = pytest.mark.acceptance

_SET_BY_THE_TEST = (
    "STUDIO_TEST_GIVEN",
    "STUDIO_TEST_CWD",
    "Asia/Tokyo",
)  # whoever starts the kernel gives these
CELLS = {
    name: cell for name, cell in BEHAVIOURS.items() if not any(each in cell for each in _SET_BY_THE_TEST)
}


@pytest.fixture(scope="module")
def forking(faults: Faults) -> Faults:
    """The studio once its kernels are forks: the first one may not be."""
    eventually(lambda: faults.run("1").attempt.details["kernel"] == "forked")
    return faults


@pytest.mark.parametrize("behaviour", CELLS)
def test_code_in_a_task_can_rely_on(forking: Faults, behaviour: str) -> None:
    running = forking.run(CELLS[behaviour])
    assert running.states == ["success"], running.error
    assert running.attempt.details["kernel"] == "forked"


def test_matplotlib_draws_a_png(forking: Faults) -> None:
    running = forking.run("import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])", "plt.plot([3, 1]);")
    assert running.attempt.details["kernel"] == "forked"
    kinds = [set(output.get("data", {})) for cell in running.notebook.cells for output in cell.outputs]
    assert sum("image/png" in kind for kind in kinds) == 2


def test_no_two_tasks_draw_the_same(forking: Faults) -> None:
    code = (
        "import random, uuid, numpy\nprint(random.random(), numpy.random.rand(), uuid.uuid4(), os.getpid())"
    )
    drawn = [forking.run(f"import os\n{code}").notebook.cells[0].outputs[0].text.split() for _ in range(2)]
    assert all(one != other for one, other in zip(*drawn, strict=True))
