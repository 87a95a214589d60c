"""Router advertisements: what routers say on a link, and saying it."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from netstrata.contract.options import Options
from netstrata.contract.shapes.ra import RouterFacts

__all__ = ["Advertisements", "RouterFacts"]


class Advertisements(Protocol):
    """Router advertisements of IPv6 links; addresses and routes that come of them are the kernel's."""

    def watch_routers(self, link: str) -> AsyncGenerator[RouterFacts | None, None]:
        """Say what the routers of a link advertise, at each change; None while nothing that any has said counts.

        Routers are asked as long as none has answered.  Another order or lifetime is no change.
        Raises: Unavailable if there is no such link, or no more.
        """

    def held_advertising(self, link: str, options: Options) -> AbstractAsyncContextManager[None]:
        """Advertise on a link what its hosts are to know, and take it back at the end.

        Prefixes that were advertised there before are said to be given up, for up to two hours.
        Raises: Unavailable if there is no such link, or another statement advertises on it.
        """
