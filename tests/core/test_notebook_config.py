from __future__ import annotations

from typing import Any

import pytest

from studio.core.spec import DagSpec, TaskSpec
from studio.core.validation import validate
from studio.errors import StudioError


def check(**config: Any) -> None:
    validate(DagSpec(id="d", tasks=(TaskSpec(id="a", kind="notebook", config=config),)))


def test_a_whole_config_passes() -> None:
    check(
        path="/home/ann/x.ipynb",
        cwd="/home/ann",
        kernel_name=None,
        parameters={"day": "{{ ds }}"},
        source="git",
        revision="v1.2",
        timeout=60,
        cell_timeout=5.5,
        max_cell_output=0,
        max_output=10,
        strict=True,
        outputs=["{{ ds }}.csv"],
        export=["html", "pdf"],
        memory_limit=1 << 30,
        max_processes=5,
        attachable=False,
    )


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"content": "/etc/passwd"}, "The task 'a': a notebook takes no 'content'."),
        ({"strcit": True}, "The task 'a': a notebook takes no 'strcit'. Did you mean 'strict'?"),
        ({"strict": 1}, "The task 'a': strict is 1; it must be true or false."),
        ({"path": 5}, "The task 'a': path is 5; it must be text of 1 to 4096 characters."),
        ({"cell_timeout": "5 min"}, "The task 'a': cell_timeout is '5 min'; it must be more than 0 seconds"),
        ({"memory_limit": "2GB"}, "The task 'a': memory_limit is '2GB'; it must be a whole number from"),
        ({"outputs": "a.csv"}, "The task 'a': outputs is 'a.csv'; it must be a list of up to 1000 paths."),
        ({"export": ["html", "html"]}, "The task 'a': export is ['html', 'html']; it must be a list that names"),
        ({"export": [[]]}, "The task 'a': an entry of export is []; it must be 'html' or 'pdf'."),
        ({"source": "git", "path": "/x.ipynb"}, "The task 'a': revision is None, which cannot name a git revision."),
        ({"source": "latest", "path": "x.ipynb"}, "The task 'a': path is 'x.ipynb'; it must be absolute,"),
        ({"source": ["git"]}, "The task 'a': source is ['git']; it must be one of"),
        ({"revision": "main"}, "The task 'a' has the revision 'main', but its source is 'snapshot'."),
        ({"parameters": {"a b": 1}}, "'a b' cannot be a parameter of the task a"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(config: dict[str, Any], told: str) -> None:
    with pytest.raises(StudioError) as caught:
        check(**config)
    assert str(caught.value).startswith(told)
