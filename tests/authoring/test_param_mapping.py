"""Mapping over a param of the run."""

from __future__ import annotations

import pytest

from studio import DAG, function
from studio.core.map_spec import ExpandSpec, FromParam, Items, Zipped
from studio.errors import InvalidInput


def test_param_of_the_run_is_mapped_over() -> None:
    with DAG("d", params={"files": ["a.csv"]}) as dag:
        function("m:load").expand(file=dag.param("files"), pair=dag.param("files").zip([1]))
    [load] = dag.spec().tasks
    files = FromParam("files")
    assert load.expand == ExpandSpec(over={"file": files, "pair": Zipped((files, Items([1])))})


def test_param_that_there_is_not_is_told() -> None:
    with pytest.raises(InvalidInput) as caught:
        DAG("d", params={"files": []}).param("file")
    assert str(caught.value) == "The DAG 'd' has no param 'file'. Did you mean 'files'?"
