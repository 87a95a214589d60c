"""What can be asked of the console: the page, what the daemon says, and what it is told to do."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from netstrata.console.asking import Daemon, NoDaemon, Refusal
from netstrata.console.feed import Feed
from netstrata.console.guard import LARGEST
from netstrata.console.page import Page
from netstrata.control.metrics import CONTENT_TYPE, down_text, metrics_text

READS: Final = {  # path: method, and the parameters that it passes on
    "graph": ("Graph", ()),
    "links": ("Links", ("name",)),
    "goals": ("Goals", ()),
    "files": ("Files", ()),
    "show": ("Show", ("name",)),
    "source": ("Source", ()),
    "why": ("Why", ("process",)),
}


class Restart(msgspec.Struct, forbid_unknown_fields=True):
    """Undo a process from a statement on, and bring it up again."""

    process: str
    statement: int = 1
    above: bool = False


class Goal(msgspec.Struct, forbid_unknown_fields=True):
    """Ask for a goal, or drop it."""

    goal: str


ACTS: Final[dict[str, tuple[str, type[msgspec.Struct]]]] = {
    "restart": ("Restart", Restart),
    "ask": ("Ask", Goal),
    "drop": ("Drop", Goal),
}
STATUS: Final = {
    "PermissionDenied": 403,
    "MethodNotFound": 501,
    "NotRecorded": 501,
    "Unavailable": 503,
    "InvalidParameter": 400,
}


def make_app(daemon: Daemon, feed: Feed, page: Page, steer: bool) -> Starlette:
    """Put the answers together."""
    routes = [Route(path, page.answer, methods=["GET"]) for path in page.paths]
    for path, (method, names) in READS.items():
        routes.append(Route(f"/api/{path}", _reading(daemon, method, names), methods=["GET"]))
    for path, (method, shape) in ACTS.items():
        routes.append(Route(f"/api/{path}", _acting(daemon, method, shape, steer), methods=["POST"]))
    routes.append(Route("/api/status", _status(daemon, feed), methods=["GET"]))
    routes.append(Route("/metrics", _metrics(daemon), methods=["GET"]))
    routes.append(Route("/api/events", _events(feed), methods=["GET"]))
    return Starlette(routes=routes)


Endpoint = Callable[[Request], Awaitable[Response]]


def _reading(daemon: Daemon, method: str, names: tuple[str, ...]) -> Endpoint:
    async def answer(request: Request) -> Response:
        given = {name: request.query_params[name] for name in names if name in request.query_params}
        return await _asked(lambda: daemon.ask(method, **given))

    return answer


def _status(daemon: Daemon, feed: Feed) -> Endpoint:
    async def answer(request: Request) -> Response:
        """Tell what stands, and the number of an event that it is not older than."""
        given: dict[str, Any] = {"below": True}
        if "process" in request.query_params:
            given = {"process": request.query_params["process"]}
        epoch = feed.epoch

        async def ask() -> bytes:
            told, stands = await daemon.ask_all(("Watch", {"after": feed.last or 1}), ("Status", given))
            events = msgspec.json.decode(told)["events"]
            last = events[-1]["seq"] if events else feed.last
            return b'{"epoch":%d,"seq":%d,%s' % (epoch, last, stands[1:])

        return await _asked(ask)

    return answer


def _metrics(daemon: Daemon) -> Endpoint:
    async def answer(request: Request) -> Response:
        """Tell what the daemon counts, as Prometheus reads it; a daemon that does not answer is told of there, too."""
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


def _acting(daemon: Daemon, method: str, shape: type[msgspec.Struct], steer: bool) -> Endpoint:
    async def answer(request: Request) -> Response:
        if not steer:
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
        return await _asked(lambda: daemon.ask(method, **msgspec.structs.asdict(given)))

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


async def _asked(ask: Callable[[], Awaitable[bytes]]) -> Response:
    """Answer with what the daemon says, or with why it does not."""
    try:
        return Response(await ask(), media_type="application/json", headers={"cache-control": "no-store"})
    except NoDaemon as error:
        return problem(503, "NoDaemon", str(error))
    except Refusal as refusal:
        status = STATUS.get(refusal.name, 404 if refusal.name.startswith("NoSuch") else 502)
        return problem(status, refusal.name, _wording(refusal), refusal.parameters)


def problem(status: int, error: str, text: str, parameters: dict[str, Any] | None = None) -> Response:
    """Return an answer that says what is wrong."""
    body = msgspec.json.encode({"error": error, "text": text, "parameters": parameters or {}})
    return Response(body, status, media_type="application/json", headers={"cache-control": "no-store"})


def _wording(refusal: Refusal) -> str:
    given = refusal.parameters
    similar = given.get("similar") or []
    hint = f"; did you mean {similar[0]}?" if len(similar) == 1 else ""
    match refusal.name:
        case "NoSuchProcess":
            return f"there is no process {given.get('process')}{hint}"
        case "NoSuchStatement":
            return f"process {given.get('process')} has no statement {given.get('statement')}"
        case "NoSuchGoal":
            return f"there is no goal {given.get('goal')}{hint}"
        case "NoSuchFile":
            return f"there is no file {given.get('file')}{hint}"
        case "PermissionDenied":
            return f"the console's user may not {given.get('verb')}; members of group netdev may"
        case "NoSuchLink":
            return f"there is no link {given.get('link')}{hint}"
        case "NotRecorded":
            return "a recording is shown, which knows nothing of this"
        case "Unavailable":
            return str(given.get("text"))
        case "MethodNotFound":
            return "this daemon does not know that yet"
        case _:
            return f"the daemon answers {refusal.name} {given}"
