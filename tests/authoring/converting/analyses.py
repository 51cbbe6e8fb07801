"""The analyses of `notebooks/analyses`, what of each is compared, and a small API for the one that downloads."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd

FOLDER: Final = Path(__file__).parents[3] / "notebooks" / "analyses"

#: Notebook → the variables at its end that a run as tasks must give as well.
RESULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "api_download": ("table", "warmest", "n_missing", "missing"),
    "flight_delays": ("summary", "by_airline", "by_hour", "table", "busiest", "df"),
    "image_filters": ("quality", "edge_pixels", "edges", "mask", "median"),
    "model_training": ("scores", "best", "importances", "customers", "X_test"),
    "monthly_report": ("monthly", "products", "growth", "good", "status", "refunds", "text", "n_lines"),
    "plot_gallery": ("crossings", "n_lines", "peak", "brightest", "size", "total", "z"),
    "simulation": ("history", "names", "noted", "verdict", "share_waiting", "saved"),
    "sql_orders": ("result", "months", "per_customer", "big", "top"),
    "text_words": ("stats", "best", "vocabulary", "extra", "pairs"),
    "time_series": ("load", "weekly", "forecast", "error", "naive", "monthly", "peak_day"),
}


def with_results(name: str, results: Path) -> dict[str, Any]:
    """The notebook with a cell at its end that writes its results to the file `results`."""
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.ipynb").read_text())
    names = ", ".join(f"{each!r}: {each}" for each in RESULTS[name])
    source = (
        f"import pickle\nwith open({str(results)!r}, 'wb') as results_file:\n"
        f"    pickle.dump({{{names}}}, results_file)"
    )
    heading = {
        "cell_type": "markdown",
        "id": "keep-heading",
        "metadata": {},
        "source": "# Keep what came out",
    }
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "keep",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    document["cells"] += [heading, cell]
    return document


def assert_same(found: Any, expected: Any, name: str = "results") -> None:
    """Equal values of equal types, however nested."""
    if type(found) is not type(expected):
        raise AssertionError(
            f"{name} is a {type(found).__name__}, not a {type(expected).__name__}: {found!r}"
        )
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, obj=name)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, obj=name)
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected, err_msg=name)
    elif isinstance(expected, dict):
        assert list(found) == list(expected), name
        for key, value in expected.items():
            assert_same(found[key], value, f"{name}[{key!r}]")
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected), name
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"{name}[{index}]")
    else:
        assert found == expected, name


def as_json_has_it(value: Any) -> Any:
    """Tuples as lists and numbers of numpy as plain ones, as functions of tasks pass them on."""
    if isinstance(value, dict):
        return {key: as_json_has_it(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json_has_it(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


class _Stations(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: int(values[0]) for key, values in parse_qs(url.query).items()}
        stations = [
            {"id": f"s{n}", "country": ("US", "FR", "JP")[n % 3], "height": 100 * n} for n in range(10)
        ]
        if url.path == "/stations":
            start = (query["page"] - 1) * query["size"]
            self._answer(200, stations[start : start + query["size"]])
        elif (match := re.fullmatch(r"/readings/s(\d)", url.path)) and match[1] not in "37":
            n = int(match[1])
            self._answer(200, [{"hour": hour, "temp": 50.5 + 3 * n - hour / 4} for hour in range(5)])
        else:
            self._answer(404, {"error": "no such station"})

    def _answer(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def stations_api() -> Iterator[str]:
    """The URL of a server that knows ten stations, two of them without readings."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stations)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
