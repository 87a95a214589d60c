"""Networks of prefixes, each for one link: of one prefix no two links have the same, and a link has the same again."""

from zlib import crc32

from netstrata.ports.prefixes import SUBNET_LENGTH, Subnet
from netstrata.values import Unavailable, format_ipv6


class DelegatedSubnets:
    """Who has which."""

    __slots__ = ("_links", "_numbers")

    def __init__(self) -> None:
        self._links: dict[tuple[bytes, int], dict[int, list[str]]] = {}  # by prefix and number, those who hold it
        self._numbers: dict[tuple[bytes, int, str], int] = {}  # what a link had last

    def take(self, subnet: Subnet) -> int:
        """Return the number of a link's network, which nobody else has from now on.

        Raises: Unavailable.
        """
        had = self._links.setdefault((subnet.prefix, subnet.length), {})
        words = f"{format_ipv6(subnet.prefix).decode()}/{subnet.length}"
        operation, count = f"give {subnet.link} a network of {words}", 1 << SUBNET_LENGTH - subnet.length
        number = subnet.number if subnet.number is not None else self._free(subnet, had, count)
        if number is None:
            raise Unavailable(operation, "other links have all of them" if count > 1 else "another link has all of it")
        if number >= count:
            raise Unavailable(operation, f"it has {count} only, with the numbers 0 to {count - 1}")
        holders = had.setdefault(number, [])
        if holders and holders[0] != subnet.link:
            raise Unavailable(operation, f"number {number} is that of {holders[0]}")
        holders.append(subnet.link)
        self._numbers[(*subnet[:2], subnet.link)] = number
        return number

    def leave(self, subnet: Subnet, number: int) -> None:
        """Let others have it."""
        had = self._links[subnet.prefix, subnet.length]
        had[number].remove(subnet.link)
        if not had[number]:
            del had[number]
        if not had:
            del self._links[subnet.prefix, subnet.length]

    def last(self, subnet: Subnet) -> int | None:
        """Return the number that a link has, or had last, of a prefix; None if it has none of that number."""
        count = 1 << SUBNET_LENGTH - subnet.length
        number = self._numbers.get((*subnet[:2], subnet.link), subnet.number)
        found = self._first(subnet, count) if number is None else number
        return found if found < count else None

    def _free(self, subnet: Subnet, had: dict[int, list[str]], count: int) -> int | None:
        """Return the link's own number, or the next one that is free: not that of others, or all are."""
        if len(had) >= count and subnet.link not in (holders[0] for holders in had.values()):
            return None
        number = self._numbers.get((*subnet[:2], subnet.link), self._first(subnet, count))
        while number in had and had[number][0] != subnet.link:
            number = (number + 1) % count
        return number

    def _first(self, subnet: Subnet, count: int) -> int:
        return crc32(subnet.link.encode("utf-8", "surrogateescape")) % count


class HeldSubnet:
    """The context manager that has a network for a link."""

    __slots__ = ("_number", "_subnet", "_subnets")

    def __init__(self, subnets: DelegatedSubnets, subnet: Subnet) -> None:
        self._subnets = subnets
        self._subnet = subnet
        self._number = 0

    async def __aenter__(self) -> Subnet:
        self._number = self._subnets.take(self._subnet)
        return self._subnet._replace(number=self._number)

    async def __aexit__(self, *_: object) -> None:
        self._subnets.leave(self._subnet, self._number)
