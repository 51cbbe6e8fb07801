"""A view of a cell as an anywidget, for front ends where our JupyterLab extension is not: VS Code, Colab.

The notebook keeps a loader of about 2 kB for each view (`loader.js`); the front end itself comes from this package
when a page asks for it. Needs `anywidget`, so only `studio.widgets.live` imports this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from studio._version import __version__
from studio.client.endpoint import Endpoint, read_endpoint
from studio.settings import Settings
from studio.widgets.relay import Relay


class Twin(anywidget.AnyWidget):
    """`shown`: `{"graph": …}` or `{"view": …}`, what our MIME types of these names hold. Changed, it is drawn anew."""

    _esm = Path(__file__).with_name("loader.js").read_text(encoding="utf-8")
    shown = traitlets.Dict().tag(sync=True)
    version = traitlets.Unicode(__version__).tag(sync=True)

    def __init__(self, shown: Mapping[str, Any]) -> None:
        super().__init__(shown=dict(shown))
        self._relay = Relay(self._tell, _locate)
        self.on_msg(self._heard)

    def close(self) -> None:
        """The view is gone."""
        self._relay.close()
        super().close()

    @property
    def metadata(self) -> dict[str, Any]:
        """What Colab must be told beside the view, or it draws no widget but its own; empty elsewhere."""
        made = self._repr_mimebundle_()
        return dict(made[1]) if isinstance(made, tuple) else {}

    def _heard(self, _: object, content: object, buffers: Sequence[memoryview]) -> None:
        self._relay.handle(content, buffers)

    def _tell(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        self.send(message, buffers)


def _locate() -> Endpoint | None:
    """A view never starts a server."""
    return read_endpoint(Settings.from_environment())
