"""Pages of the web, asked for over one link: whatever a server does, the answer is bounded in bytes and in time."""

from asyncio import get_running_loop
from random import choice
from typing import TYPE_CHECKING, Final

from netstrata.contract.shapes.url import Url
from netstrata.ports.probes import PageSource
from netstrata.protocols.http_messages import HttpResponse, NoResponse, encode_request
from netstrata.system.bound_socket import reason_of
from netstrata.system.probes.connection import LinkConnection
from netstrata.system.probes.name_servers import QuestionFailed, addresses_of
from netstrata.values import one_line

if TYPE_CHECKING:
    from ssl import SSLContext

_LONGEST: Final = 200  # characters of what others say, in words of ours


class PageClient:
    """Asks for pages over a link, and follows no redirect."""

    def __init__(self, link: str, family: int, source: PageSource) -> None:
        """Take how they are asked for; the first page by TLS reads whom the machine trusts."""
        self._link = link
        self._family = family
        self._source = source
        self._trust: SSLContext | None = None

    async def fetch(self, url: Url, wanted: int, accept: str = "*/*") -> HttpResponse:
        """Return what comes for a page, with so many bytes of its body as are wanted, or all of them.

        Raises: QuestionFailed.
        """
        try:
            return await self._fetch(url, wanted, accept)
        except NoResponse as refusal:
            raise QuestionFailed(f"{url} {refusal}") from None
        except QuestionFailed as refusal:
            raise QuestionFailed(f"{url}: {refusal}") from None
        except OSError as error:  # those of TLS are such, too
            self._trust = None  # the machine may trust others by now
            raise QuestionFailed(f"{url}: {_words(error)}") from None

    async def expect(self, url: Url) -> None:
        """Have a page come as it is expected.

        Raises: QuestionFailed.
        """
        response = await self.fetch(url, len(self._source.body))
        if not self.is_expected(response):
            raise QuestionFailed(f"{url} answers {said(response)}")

    def is_expected(self, response: HttpResponse) -> bool:
        """Say whether a response is what is expected of pages."""
        return response.status == self._source.status and response.body.startswith(self._source.body)

    async def _fetch(self, url: Url, wanted: int, accept: str) -> HttpResponse:
        address = url.address or choice(await self._addresses(url.host))
        trust = await self._trusted() if url.scheme == "https" else None
        response = HttpResponse(wanted)
        with LinkConnection(self._link, address) as connection:
            await connection.connect(url.port, trust, url.host.removesuffix("."))
            await connection.send(encode_request(url.authority, url.path, accept))
            while not response.is_complete:
                octets = await connection.receive()
                if octets:
                    response.feed(octets)
                else:
                    response.end()
        return response

    async def _addresses(self, name: str) -> list[bytes]:
        if not self._source.servers:
            raise QuestionFailed(f"there is no name server to ask for {name}")
        return await addresses_of(self._link, self._source.servers, name, self._family)

    async def _trusted(self) -> "SSLContext":
        """Return whom the machine trusts: a file of a hundred certificates, read where it holds nobody up."""
        if self._trust is None:
            from ssl import create_default_context

            self._trust = await get_running_loop().run_in_executor(None, create_default_context)
        return self._trust


def said(response: HttpResponse) -> str:
    """Return a response that is not what was expected, in words."""
    to = response.headers.get("location", "").partition("?")[0]
    words = f"{response.status} to {to}" if to and 300 <= response.status < 400 else f"{response.status}"
    return one_line(words)[:_LONGEST] if response.status >= 300 or response.status == 204 else f"{words}, another page"


def _words(error: OSError) -> str:
    """Return what went wrong with a connection."""
    verify = getattr(error, "verify_message", "")
    if verify:
        return f"its certificate is wrong: {one_line(verify)[:_LONGEST]}"
    tls = getattr(error, "reason", "")
    return f"TLS failed: {one_line(str(tls))}" if tls else reason_of(error)
