"""What can be asked of the console: the page, what the daemon says, and what it is told to do."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from netstrata.console.feed import Feed
from netstrata.console.guard import LARGEST
from netstrata.console.page import Page
from netstrata.console.queries import Daemon
from netstrata.control.description import Type
from netstrata.control.errors import NoDaemon, Refusal, words_of
from netstrata.control.metrics import CONTENT_TYPE, down_text, metrics_text
from netstrata.control.verbs import Verb, verbs

_PLAIN: Final[dict[str, Any]] = {"string": str, "int": int, "bool": bool, "float": float}


def make_app(daemon: Daemon, feed: Feed, page: Page, operate: bool) -> Starlette:
    """Put the answers together."""
    routes = [Route(path, page.answer, methods=["GET"]) for path in page.paths]
    routes.append(Route("/api/status", _status(daemon, feed), methods=["GET"]))
    routes.append(Route("/metrics", _metrics(daemon), methods=["GET"]))
    routes.append(Route("/api/events", _events(feed), methods=["GET"]))
    for verb in verbs().values():
        if verb.safe:
            routes.append(Route(f"/api/{verb.function}", _reading(daemon, verb), methods=["GET"]))
        else:
            routes.append(Route(f"/api/{verb.function}", _acting(daemon, verb, operate), methods=["POST"]))
    return Starlette(routes=routes)


Endpoint = Callable[[Request], Awaitable[Response]]


def _reading(daemon: Daemon, verb: Verb) -> Endpoint:
    async def answer(request: Request) -> Response:
        asked = request.query_params
        given = {
            name: _of_query(asked[name], wanted.present) for name, wanted in verb.parameters.items() if name in asked
        }
        return await _asked(lambda: daemon.ask(verb.name, **given), verb.name)

    return answer


def _of_query(text: str, wanted: Type) -> Any:
    """Return what a query says: a string as it is, anything else as JSON; the daemon says if it is of another type."""
    if wanted.kind == "string":
        return text
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text


def _status(daemon: Daemon, feed: Feed) -> Endpoint:
    async def answer(request: Request) -> Response:
        """Answer what stands, and the number of an event that it is not older than."""
        given: dict[str, Any] = {"below": True}
        if "process" in request.query_params:
            given = {"process": request.query_params["process"]}
        epoch = feed.epoch

        async def ask() -> bytes:
            told, stands = await daemon.ask_all(("Watch", {"after": feed.last or 1}), ("Status", given))
            events = msgspec.json.decode(told)["events"]
            last = events[-1]["seq"] if events else feed.last
            return b'{"epoch":%d,"seq":%d,%s' % (epoch, last, stands[1:])

        return await _asked(ask, "Status")

    return answer


def _metrics(daemon: Daemon) -> Endpoint:
    async def answer(request: Request) -> Response:
        """Answer what the daemon counts, as Prometheus reads it, also that it does not answer."""
        try:
            figures = msgspec.json.decode(await daemon.ask("Figures"))["figures"]
            try:
                links = msgspec.json.decode(await daemon.ask("Links"))["links"]
            except Refusal:
                links = []  # the system will not tell
            text = metrics_text(figures, links)
        except (NoDaemon, Refusal):
            text = down_text()
        return Response(text, headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})

    return answer


def _python_of(wanted: Type) -> Any:
    """Return what Python calls a type."""
    return list[_python_of(wanted.inner)] if wanted.inner is not None else _PLAIN[wanted.kind]  # type: ignore[misc]


def _body_of(verb: Verb) -> type[msgspec.Struct]:
    """Return the shape of what a verb is given."""
    fields = [
        (name, _python_of(wanted.present), *([UNSET] if wanted.optional else []))
        for name, wanted in verb.parameters.items()
    ]
    return msgspec.defstruct(verb.name, fields, forbid_unknown_fields=True, kw_only=True)


def _acting(daemon: Daemon, verb: Verb, operate: bool) -> Endpoint:
    shape = _body_of(verb)

    async def answer(request: Request) -> Response:
        if not operate:
            return problem(403, "ReadOnly", "this console was started with --read-only")
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return problem(413, "TooLarge", f"a body of more than {LARGEST} bytes")
        try:
            given = msgspec.json.decode(body, type=shape)
        except msgspec.ValidationError as error:
            return problem(400, "InvalidParameter", str(error))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return problem(400, "InvalidParameter", f"this is no JSON: {error}")
        parameters = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not UNSET}
        return await _asked(lambda: daemon.ask(verb.name, **parameters), verb.name)

    return answer


async def _body(request: Request) -> bytes | None:
    """Return a request's body, None if it is too large, whatever its head said."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _events(feed: Feed) -> Endpoint:
    async def answer(request: Request) -> Response:
        epoch, _, after = request.headers.get("last-event-id", "").partition(".")
        at = (int(epoch), int(after)) if epoch.isdecimal() and after.isdecimal() and len(after) < 20 else (-1, 0)
        return StreamingResponse(
            feed.messages(*at), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    return answer


async def _asked(ask: Callable[[], Awaitable[bytes]], verb: str) -> Response:
    """Answer with what the daemon says, or with why it does not."""
    try:
        return Response(await ask(), media_type="application/json", headers={"cache-control": "no-store"})
    except NoDaemon as error:
        name, given, told = type(error).__name__, {}, {"text": str(error)}
    except Refusal as refusal:
        name, given = refusal.name, refusal.parameters
        told = given
    words = words_of(name, told, verb, "the console's user")
    return problem(words.status, name, words.sentence, given)


def problem(status: int, error: str, text: str, parameters: dict[str, Any] | None = None) -> Response:
    """Return an answer that says what is wrong."""
    body = msgspec.json.encode({"error": error, "text": text, "parameters": parameters or {}})
    return Response(body, status, media_type="application/json", headers={"cache-control": "no-store"})
