"""`macros` in templates: Airflow's, as far as they give the same at every look and lead out of no sandbox.

Whole modules are not handed out: `json.codecs.open` reads files.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Final

from studio.errors import NotFound

_DAY: Final = "%Y-%m-%d"


def ds_add(ds: str, days: int) -> str:
    """The day `days` after `ds`: `macros.ds_add('2013-01-31', 1)` is `2013-02-01`."""
    return (datetime.strptime(str(ds), _DAY) + timedelta(days=days)).strftime(_DAY)  # noqa: DTZ007 - a day


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """`ds` in another form: `macros.ds_format('2013-01-31', '%Y-%m-%d', '%d.%m.')` is `31.01.`."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007 - a day


class Macros:
    """What `macros.` has."""

    datetime = datetime
    date = date
    time = time
    timedelta = timedelta
    json = SimpleNamespace(loads=json.loads, dumps=json.dumps)
    ds_add = staticmethod(ds_add)
    ds_format = staticmethod(ds_format)

    @property
    def dateutil(self) -> Any:
        """`dateutil.parser.parse` and `dateutil.relativedelta.relativedelta`, if python-dateutil is installed."""
        try:
            parser, delta = import_module("dateutil.parser"), import_module("dateutil.relativedelta")
        except ImportError as error:
            raise NotFound(
                "`macros.dateutil` needs python-dateutil.", hint="Install it where the worker runs."
            ) from error
        return SimpleNamespace(
            parser=SimpleNamespace(parse=parser.parse, isoparse=parser.isoparse),
            relativedelta=SimpleNamespace(relativedelta=delta.relativedelta),
        )


MACROS: Final = Macros()
