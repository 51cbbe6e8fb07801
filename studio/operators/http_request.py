"""A request over HTTP as the operators `http` and `http_sensor` make it: what is asked, shown, and said if it fails."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from studio.core.names import shown
from studio.errors import InvalidInput, NotFound
from studio.operators.base import AttemptContext, ConnectionName, Operator, OutputCell, is_unresolved
from studio.operators.http_address import Server, check_header, check_scheme, header_text, origin, public
from studio.operators.http_errors import BadStatus, RequestFailed, explained

if TYPE_CHECKING:
    import httpx

MAX_BODY: Final = 256 << 20  # bytes of a body that is read
MAX_REDIRECTS: Final = 20

_TOLD: Final = 1000  # characters of a body that stand in an error
_SHOWN: Final = 10_000  # and in the output
_HIDDEN: Final = frozenset({"set-cookie", "authorization", "proxy-authorization", "www-authenticate"})

Plain = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered: with an expected status."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes
    encoding: str

    @property
    def text(self) -> str:
        return self.content.decode(self.encoding, "replace")

    def json(self) -> Any:
        """Raises `RequestFailed`."""
        try:
            return msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise RequestFailed(
                f"The answer is no JSON: {error}. It begins with {shown(self.text)}."
            ) from error

    @property
    def form(self) -> Literal["json", "text", "bytes"]:
        """What its content type says that it is."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.endswith(("/json", "+json")):
            return "json"
        return "text" if kind.startswith("text/") or kind.endswith(("/xml", "+xml")) else "bytes"

    def value(self, form: Literal["auto", "json", "text", "bytes"]) -> object:
        """The body as the task's value."""
        match self.form if form == "auto" else form:
            case "json":
                return self.json() if self.content or form == "json" else None
            case "text":
                return self.text
            case _:
                return self.content


class HttpRequest(Operator):
    """What is asked. Base of the operators that ask."""

    url: Annotated[
        str, Meta(description="http:// or https://, or a path below the base URL of the connection")
    ]
    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        Meta(description="what is asked for"),
    ] = "GET"
    headers: Annotated[dict[str, Plain], Meta(description="of the request")] = {}
    params: Annotated[
        dict[str, Plain | list[Plain] | None],
        Meta(description="the query, after the `?` of the URL; escaped"),
    ] = {}
    json: Annotated[Any, Meta(description="body: any JSON")] = None
    data: Annotated[
        str | dict[str, Plain | list[Plain]] | None, Meta(description="body: text, or the fields of a form")
    ] = None
    files: Annotated[
        dict[str, str],
        Meta(
            description="files of a form: name of the field and path, relative to the directory of the DAG's file"
        ),
    ] = {}
    connection: Annotated[
        ConnectionName | None,
        Meta(
            description="a connection with the base URL (type or schema, host, port), and login and password or, in "
            "its extra, a `token` (bearer), `headers`, or `verify` (false, or a file of certificates)"
        ),
    ] = None
    request_timeout: Annotated[
        float,
        Meta(
            description="seconds in which the server must be reached, and between two parts of its answer",
            gt=0,
        ),
    ] = 60.0
    follow_redirects: Annotated[
        bool, Meta(description="go where the server points to; the connection's secrets stay with its host")
    ] = True
    expect: Annotated[
        int | list[int] | None, Meta(description="status codes that are a success; None: 200 to 299")
    ] = None

    def check(self) -> None:
        bodies = [name for name in ("json", "data") if getattr(self, name) is not None]
        if len(bodies) > 1 or (bodies == ["json"] and self.files):
            raise InvalidInput(
                f"{bodies[0]} and {'files' if self.files else bodies[1]} are both given; a request has one body.",
                hint="Fields of a form that has files stand in `data`.",
                field=bodies[0],
            )
        if self.connection is None and not is_unresolved(self.url):
            check_scheme(self.url)
        for name, value in self.headers.items():
            check_header(name, value)

    def ask(self, attempt: AttemptContext, cell: OutputCell) -> Answer:
        """Send the request, and show it and what comes back. Raises `RequestFailed`, `BadStatus`, `InvalidInput`."""
        import httpx  # noqa: PLC0415 - heavy

        server = Server.of(attempt.connection(self.connection)) if self.connection else Server.anywhere()
        url = server.joined(self.url)
        begin = time.monotonic()
        with ExitStack() as stack, explained(url):
            client = stack.enter_context(
                httpx.Client(
                    timeout=self.request_timeout, verify=server.verification(), follow_redirects=False
                )
            )
            request = client.build_request(
                self.method,
                url,
                headers={
                    **server.headers,
                    **{name: header_text(value) for name, value in self.headers.items()},
                },
                params=self.params or None,
                json=self.json,
                content=self.data if isinstance(self.data, str) else None,
                data=self.data if isinstance(self.data, dict) else None,
                files={
                    field: stack.enter_context(_opened(attempt.dag_directory / path))
                    for field, path in self.files.items()
                }
                or None,
            )
            server.fence(request.url)
            response = self._sent(client, request, server)
            stack.callback(response.close)
            answer = _read(response)
        taken = time.monotonic() - begin
        _show(cell, response, answer, taken)
        self._judge(response, answer)
        return answer

    @property
    def line(self) -> str:
        """As it is shown, before it is sent."""
        return f"{self.method} {public(self.url)}"

    def _sent(self, client: httpx.Client, request: httpx.Request, server: Server) -> httpx.Response:
        for _ in range(MAX_REDIRECTS):
            response = client.send(request, stream=True)
            following = response.next_request
            if not self.follow_redirects or following is None:
                return response
            response.close()
            if origin(str(following.url)) != origin(str(request.url)):
                for name in server.headers:
                    following.headers.pop(name, None)
            request = following
        raise RequestFailed(f"{shown(str(request.url), 300)}: more than {MAX_REDIRECTS} redirects.")

    def _judge(self, response: httpx.Response, answer: Answer) -> None:
        expected = [self.expect] if isinstance(self.expect, int) else self.expect
        if answer.status in expected if expected is not None else 200 <= answer.status < 300:
            return
        body = " ".join(answer.text[:_TOLD].split())
        said = f" It said: {body}" if body else ""
        raise BadStatus(
            f"{response.request.method} {public(str(response.request.url))} was answered with {answer.status} "
            f"{response.reason_phrase}.{said}",
            status=answer.status,
        )


def _read(response: httpx.Response) -> Answer:
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > MAX_BODY:
            raise RequestFailed(
                f"The answer of {public(str(response.request.url))} has more than {MAX_BODY >> 20} MiB."
            )
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, bytes(content), response.charset_encoding or "utf-8")


def _show(cell: OutputCell, response: httpx.Response, answer: Answer, taken: float) -> None:
    size = f"{len(answer.content):,} bytes"
    cell.write(f"{answer.status} {response.reason_phrase}, {size} in {taken:.3f} s\n")
    if response.request.url != response.url or response.history:
        cell.write(f"from {public(str(response.url))}\n")
    for name, value in response.headers.items():
        cell.write(f"{name}: {'***' if name.lower() in _HIDDEN else value}\n")
    if not answer.content:
        return
    if answer.form == "json" and len(answer.content) <= _SHOWN:
        try:
            cell.show(answer.json())
            return
        except RequestFailed:
            pass
    if answer.form != "bytes":
        text = answer.text
        cell.show(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound(f"The file {shown(str(path))} cannot be read: {error.strerror}.") from error
    with file:
        yield file
