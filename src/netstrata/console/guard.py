"""Who may come in: a browser of this machine, under a name of this machine, that has the token.

The name protects against DNS rebinding, the origin against other pages in the same browser, the token against other
users of this machine.  What is refused is told.
"""

import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from netstrata.console.refusal_log import RefusalLog, quoted

NAMES: Final = frozenset((b"127.0.0.1", b"localhost", b"[::1]"))
LARGEST: Final = 256 * 1024  # bytes of a body: the text of a process
COOKIE: Final = "netstrata"
REFUSED: Final = {
    400: "it makes no sense",
    403: "whoever runs this console may not",
    404: "there is nothing of that name",
    405: "it is not for that method",
    413: f"a body of more than {LARGEST} bytes",
}
POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class RequestGuard:
    """Lets requests through to an application, or refuses them."""

    def __init__(self, app: ASGIApp, token: str, refusals: RefusalLog) -> None:
        """Take what is guarded, the token, and who is told."""
        self._app = app
        self._token = token
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        refusal = self._answer(scope)
        if refusal is None:
            await self._app(scope, receive, self._noting(scope, _with_headers(send)))
            return
        refusal.headers["connection"] = "close"  # whatever body there is will not be read
        await refusal(scope, receive, _with_headers(send))

    def _answer(self, scope: Scope) -> Response | None:
        """Return the answer to who may not come in, and to who comes with the token in the address."""
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"")
        if _name_of(host) not in NAMES:
            return self._refuse(scope, 403, f'the name "{quoted(host)}" is none of this machine')
        if len([1 for name, _ in scope["headers"] if name == b"host"]) != 1:
            return self._refuse(scope, 400, "it names several hosts")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return self._refuse(scope, 405, "only GET and POST are understood")
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and given and self._is_token(given):
            return self._welcome(host)
        bearer = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ")
        cookie = _cookie(headers.get(b"cookie", b""))
        if not self._is_token(bearer) and not self._is_token(cookie):
            why = "wrong token" if given or bearer or cookie else "no token"
            return self._refuse(scope, 403, f"{why}; open the address that `netstrata console` has printed")
        origin = headers.get(b"origin")
        if scope["method"] == "POST" and origin != b"http://" + host and (origin is not None or not bearer):
            return self._refuse(scope, 403, f'a page of "{quoted(origin or b"")}" asks, not one of ours')
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > LARGEST:
            return self._refuse(scope, 413, f"a body of more than {LARGEST} bytes")
        return None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())

    def _welcome(self, host: bytes) -> Response:
        """Keep the token as a cookie, and out of the address."""
        answer = RedirectResponse("/", 303)
        answer.set_cookie(cookie_name(host), self._token, httponly=True, samesite="strict", path="/")
        return answer

    def _refuse(self, scope: Scope, status: int, why: str) -> Response:
        self._note(scope, why)
        return PlainTextResponse(f"refused: {why}\n", status)

    def _note(self, scope: Scope, why: str) -> None:
        client = scope.get("client") or ("?", 0)
        what = f"{scope['method']} {quoted(scope.get('raw_path') or b'')} from {client[0]}:{client[1]}"
        self._refusals.refused(what, why)

    def _noting(self, scope: Scope, send: Send) -> Send:
        """Log what the application refuses; that a process or a goal is not there any more is an answer."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                why = REFUSED.get(message["status"])
                known = dict(message.get("headers", ())).get(b"content-type") == b"application/json"
                if why and not (message["status"] == 404 and known):
                    self._note(scope, why)
            await send(message)

        return sending


def cookie_name(host: bytes) -> str:
    """Return the cookie's name, which has the port in it: browsers send cookies to all ports of a name."""
    port = host.rpartition(b":")[2]
    return f"{COOKIE}-{port.decode()}" if port.isdigit() else COOKIE


def _cookie(header: bytes) -> str:
    """Return the token out of a cookie header, whatever port it is of."""
    try:
        cookies = SimpleCookie(header.decode("latin-1"))
    except CookieError:
        return ""
    return next((cookies[name].value for name in cookies if name.startswith(COOKIE)), "")


def _name_of(host: bytes) -> bytes:
    name, colon, port = host.rpartition(b":")
    return name.lower() if colon and port.isdigit() else host.lower()


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *HEADERS]
        await send(message)

    return sending
