"""Servers that run for as long as a statement is up."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from netstrata.contract.options import Options

__all__ = ["Options", "Servers"]


class Servers(Protocol):
    """Programs that serve a link, with a configuration that is generated for them."""

    def held_dnsmasq(self, link: str, options: Options) -> AbstractAsyncContextManager[None]:
        """Serve DHCP, DNS and router advertisements on a link.

        Entering waits until it serves.  When the server ends by itself, it is started again, after a time that grows.
        Raises: Unavailable, in dnsmasq's own words.
        """
