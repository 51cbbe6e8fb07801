"""The front end as files: what a browser loads that is not JupyterLab. Made by `labextension/build-pages.mjs`."""
