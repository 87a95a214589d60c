"""A file of wg(8) and wg-quick(8), read strictly: what is not understood is an error, with its line.

Source: wg(8), "CONFIGURATION FILE FORMAT"; wg-quick(8), "CONFIGURATION".
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.common import Network, number_shape
from netstrata.contract.shapes.link import MTU
from netstrata.contract.shapes.route import NETWORK
from netstrata.contract.shapes.wireguard import ENDPOINT, FWMARK, LISTEN_PORT, PUBLIC_KEY, SECRET_KEY, PeerAddress
from netstrata.values import mask_bits, parse_address

_TABLE: Final = number_shape("a routing table", "off, auto, or whole, 1 to 4294967295", 1, 2**32 - 1)
_KEEPALIVE: Final = number_shape("a keepalive", "off, or whole seconds, 0 to 65535", 0, 65535)
_LINES: Final = ("PreUp", "PostUp", "PreDown", "PostDown", "SaveConfig")  # what no statement is
_DOMAIN: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
OFF: Final = -1
AUTO: Final = 0


class Misread(Exception):
    """A line that is not understood; line counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class PeerSection(NamedTuple):
    """One peer."""

    public_key: bytes
    preshared_key: bytes | None
    endpoint: PeerAddress | None
    allowed: tuple[Network, ...]
    keepalive: int  # 0 for none


class Configuration(NamedTuple):
    """A whole file.

    Shapes: addresses keep their host bits; table is OFF, AUTO or a number; unsaid are lines that no statement is.
    """

    private_key: bytes
    listen_port: int | None
    fwmark: int
    addresses: tuple[Network, ...]
    servers: tuple[bytes, ...]
    domains: tuple[str, ...]
    mtu: int | None
    table: int
    unsaid: tuple[str, ...]
    peers: tuple[PeerSection, ...]


class _Section:
    """The lines of one section, by the words that may stand in it; a word that gives a list may come again."""

    def __init__(self, line: int, words: dict[str, str]) -> None:
        self.line = line
        self._words = words  # as they are written, by their lower case
        self._found: dict[str, list[tuple[int, str]]] = {}

    def add(self, line: int, word: str, value: str) -> None:
        """Take a line.

        Raises: Misread.
        """
        name = self._words.get(word.lower())
        if name is None:
            raise Misread(line, f"there is no `{word}` here; known are {', '.join(self._words.values())}")
        before = self._found.setdefault(name, [])
        if before and name not in (*_LISTS, *_LINES):
            raise Misread(line, f"`{name}` stands in line {before[0][0]} already")
        if not value and name != "AllowedIPs":
            raise Misread(line, f"`{name}` has no value")
        before.append((line, value))

    def one(self, name: str, shape: Shape[Any], words: dict[str, Any] | None = None) -> Any:
        """Return a value as its shape reads it, or what one of some words means; None if it is not there.

        Raises: Misread.
        """
        for line, text in self._found.get(name, ()):
            if words and text.lower() in words:
                return words[text.lower()]
            found = shape.read(text.encode("utf-8", "surrogateescape"))
            if found is None:
                raise Misread(line, f"`{name}`: expected {shape.name}: {shape.means}")
            return found
        return None

    def needed(self, name: str, shape: Shape[Any]) -> Any:
        """Return a value that must be there.

        Raises: Misread.
        """
        found = self.one(name, shape)
        if found is None:
            raise Misread(self.line, f"this section lacks `{name}`")
        return found

    def listed(self, name: str) -> Iterator[tuple[int, str]]:
        """Yield each element of a list, with its line."""
        for line, text in self._found.get(name, ()):
            yield from ((line, one.strip()) for one in text.split(",") if one.strip())

    def lines(self) -> list[str]:
        """Return the lines that no statement is, in their order."""
        found = [(line, f"{name} = {text}") for name in _LINES for line, text in self._found.get(name, ())]
        return [text for _, text in sorted(found)]


_LISTS: Final = ("Address", "DNS", "AllowedIPs")
_INTERFACE: Final = ("PrivateKey", "ListenPort", "FwMark", "Address", "DNS", "MTU", "Table", *_LINES)
_PEER: Final = ("PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive")


def read(text: str) -> Configuration:
    """Read a file.

    Raises: Misread.
    """
    interface: _Section | None = None
    peers: list[_Section] = []
    section: _Section | None = None
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.partition("#")[0].strip()
        if not bare:
            continue
        if bare.lower() == "[interface]":
            if interface is not None:
                raise Misread(number, f"[Interface] stands in line {interface.line} already")
            section = interface = _Section(number, {word.lower(): word for word in _INTERFACE})
        elif bare.lower() == "[peer]":
            section = _Section(number, {word.lower(): word for word in _PEER})
            peers.append(section)
        else:
            word, equals, value = bare.partition("=")
            if section is None or not equals:
                raise Misread(number, "expected [Interface], [Peer] or `Key = value`")
            section.add(number, word.strip(), value.strip())
    if interface is None:
        raise Misread(1, "there is no [Interface]")
    return _configuration(interface, [_peer(one) for one in peers])


def _configuration(interface: _Section, peers: list[PeerSection]) -> Configuration:
    servers: list[bytes] = []
    domains: list[str] = []
    for line, one in interface.listed("DNS"):
        address = parse_address(one.encode("utf-8", "surrogateescape"))
        if address is not None:
            servers.append(address)
        elif _DOMAIN.fullmatch(one):
            domains.append(one)
        else:
            raise Misread(line, f"`DNS`: `{one}` is neither an address nor a domain")
    return Configuration(
        interface.needed("PrivateKey", SECRET_KEY),
        interface.one("ListenPort", LISTEN_PORT, {"0": None}),
        interface.one("FwMark", FWMARK, {"off": 0}) or 0,
        tuple(_network(line, "Address", one) for line, one in interface.listed("Address")),
        tuple(servers),
        tuple(domains),
        interface.one("MTU", MTU),
        interface.one("Table", _TABLE, {"off": OFF, "auto": AUTO}) or AUTO,
        tuple(interface.lines()),
        tuple(peers),
    )


def _peer(section: _Section) -> PeerSection:
    networks = [_network(line, "AllowedIPs", one) for line, one in section.listed("AllowedIPs")]
    bare = [Network(mask_bits(one.address, one.prefix), one.prefix) for one in networks]  # as wg does
    return PeerSection(
        section.needed("PublicKey", PUBLIC_KEY),
        section.one("PresharedKey", SECRET_KEY),
        section.one("Endpoint", ENDPOINT),
        tuple(dict.fromkeys(bare)),
        section.one("PersistentKeepalive", _KEEPALIVE, {"off": 0}) or 0,
    )


def _network(line: int, name: str, text: str) -> Network:
    found = NETWORK.read(text.encode("utf-8", "surrogateescape"))
    if found is None:
        raise Misread(line, f"`{name}`: `{text}` is no address with a prefix length")
    return found
