"""IPv6 prefixes that are handed on to links behind this host."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Final, NamedTuple, Protocol

SUBNET_LENGTH: Final = 64  # what hosts can configure themselves in


class Subnet(NamedTuple):
    """Which network of a prefix a link is to have."""

    prefix: bytes  # packed
    length: int  # of the prefix, up to 64
    link: str
    number: int | None = None  # None: one that is nobody else's, the same each time

    @property
    def network(self) -> bytes:
        """The network with its number."""
        place = (self.number or 0) << 128 - SUBNET_LENGTH
        return (int.from_bytes(self.prefix, "big") | place).to_bytes(16, "big")


class Prefixes(Protocol):
    """Prefixes, as those say who have them granted, and their networks."""

    def held_subnet(self, subnet: Subnet) -> AbstractAsyncContextManager[Subnet]:
        """Have a network of a prefix, a /64, for one link alone; the value is with its number.

        Raises: Unavailable if it is another link's, or the prefix has none of that number.
        """

    def watch_replaced(self, subnet: Subnet) -> AsyncGenerator[tuple[Subnet, ...], None]:
        """Yield the networks that a link had of prefixes which are to be used no more, as long as hosts may hear so.

        They are of the client that has the prefix granted; each has its number.
        """
