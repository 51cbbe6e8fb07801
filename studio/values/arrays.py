"""numpy arrays as npy; arrays of objects are pickled instead."""

from __future__ import annotations

from typing import Any

from studio.values.kinds_of import type_name
from studio.values.previews import MAX_TEXT

_SHOWN = 50  # items of an array's text


def fits(value: object) -> bool:
    if type_name(value) != "numpy.ndarray":
        return False
    array: Any = value
    return not array.dtype.hasobject


def write(value: Any, path: str) -> None:
    import numpy as np  # noqa: PLC0415 - loaded already, where there is an array

    with open(path, "wb") as file:
        np.save(file, value, allow_pickle=False)


def read(path: str, type: str) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.load(path, allow_pickle=False)


def describe(value: Any) -> dict[str, Any]:
    """Shape, type of the items, and the first of them."""
    import numpy as np  # noqa: PLC0415

    text = np.array2string(value, threshold=_SHOWN, edgeitems=3)[:MAX_TEXT]
    shape, dtype = list(value.shape), str(value.dtype)
    return {
        "type": "numpy.ndarray",
        "schema": {"shape": shape, "dtype": dtype},
        "preview": {"kind": "array", "shape": shape, "dtype": dtype, "text": text},
    }
