"""A notebook as one HTML page that needs nothing else. Heavy to import: only for the process that converts.

The page carries its own policy, which the browser obeys also where no server sends it: in a file. What would come
from the network in nbconvert's own pages (require.js, MathJax, Mermaid, the widgets' renderer) is left out: formulas
stay as they are written, and a widget is shown by the text that stands for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import nbformat
from nbconvert.exporters.html import HTMLExporter
from traitlets.config import Config

from studio.errors import ExportFailed

#: Nothing is loaded and nothing is sent; what the page itself holds is shown and may run.
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)

_TEMPLATE: Final = f"""
{{%- extends 'lab/index.html.j2' -%}}
{{%- block html_head -%}}<meta http-equiv="Content-Security-Policy" content="{POLICY}" />
{{{{ resources.first_script }}}}{{{{ super() }}}}{{%- endblock -%}}
{{%- block html_head_js_requirejs -%}}{{%- endblock -%}}
{{%- block html_head_js_mathjax -%}}{{%- endblock -%}}
{{%- block html_head_js_mermaidjs -%}}{{%- endblock -%}}
{{%- block jupyter_widgets -%}}{{%- endblock -%}}
"""

#: Of an output's forms the first that is there. Without those that only a script from elsewhere could show.
_FORMS: Final = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/latex",
    "text/plain",
]


#: Who prints a page without anybody before it cannot answer its dialogs.
_NO_DIALOGS: Final = (
    "<script>window.alert = window.confirm = window.prompt = window.print = () => null</script>"
)


def html_of(content: str, *, title: str, images: str, for_printing: bool) -> str:
    """The page of a notebook. `images`: the directory in which its Markdown finds pictures; "" for none.

    Raises `ExportFailed`.
    """
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        config=Config({"NbConvertBase": {"display_data_priority": _FORMS}}),
        raw_template=_TEMPLATE,
        embed_images=bool(images),
    )
    resources = {
        "metadata": {"name": title, "path": str(Path(images).resolve()) if images else ""},
        "first_script": _NO_DIALOGS if for_printing else "",
    }
    try:
        notebook = nbformat.reads(content, as_version=4)  # type: ignore[no-untyped-call]
        page, _ = exporter.from_notebook_node(notebook, resources)
    except MemoryError:
        raise
    except Exception as error:  # whatever nbconvert, Jinja and all that they use may raise about a notebook
        raise ExportFailed(
            f"The notebook cannot be shown as a page: {type(error).__name__}: {error}"
        ) from error
    return page
