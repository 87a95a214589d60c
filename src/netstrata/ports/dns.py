"""Who answers names."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class LinkServers(NamedTuple):
    """Name servers that are asked over one link."""

    link: str
    servers: list[bytes]  # addresses, link-local ones perhaps with a zone
    domains: list[bytes]  # names below these are asked of them, and of nobody else
    search: list[bytes]
    is_default: bool  # whether they are asked for names of no domain that anybody has
    switches: Mapping[str, str]  # of mdns, llmnr, dnssec and dot what was said


class Dns(Protocol):
    """The resolver configuration, put together from all who hold a part of it."""

    def held_lines(self, lines: list[bytes], priority: int) -> AbstractAsyncContextManager[None]:
        """Add resolv.conf(5) lines; smaller priorities come first, equal ones in the order in which they came.

        Entering and leaving wait where resolvconf or NetworkManager makes the file: for its end, or its answer, and
        until no other interface or connection has servers alone there.  NetworkManager's lines stand beside these.
        When the last holder leaves, the file is as it was found, unless somebody else has changed it since; such a
        change is told and written over while lines are held.
        Raises: Unavailable if it cannot be written.
        """

    def held_servers(self, servers: LinkServers, priority: int) -> AbstractAsyncContextManager[None]:
        """Have servers asked over a link: by systemd-resolved where it runs, else as well as resolv.conf(5) can say it.

        Of all that are asked for names of no domain, those of the smallest priority are; of equal ones those of the
        best uplink.  What was set of the link before comes back.
        Raises: Unavailable if there is no such link, or nobody here can tell names of domains from others.
        """
