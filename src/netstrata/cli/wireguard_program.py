"""A file of wg-quick as a program: statements for what they can say, comments for the rest, and no key in it."""

import os
from typing import NamedTuple

from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.wireguard import ENDPOINT, PeerAddress
from netstrata.language.layout import format_program
from netstrata.language.valuetext import format_value
from netstrata.protocols.wireguard.configuration import AUTO, OFF, Configuration, PeerSection
from netstrata.protocols.wireguard.device import key_text
from netstrata.values import List, Map, Value, format_address, parse_address

DNS_PRIORITY = "10"


class WireguardProgram(NamedTuple):
    """A program; what has to be said besides; and the keys, by the names of their files."""

    text: str
    warnings: list[str]
    keys: dict[str, str]


def program_of(link: str, source: str, read: Configuration, folder: str) -> WireguardProgram:
    """Write a program that reads its keys from a folder."""
    return _Writer(link, source, folder).write(read)


class _Writer:
    def __init__(self, link: str, source: str, folder: str) -> None:
        self._link = link
        self._folder = folder
        self._lines = [f"# From {_bare(source)}.", f"process {_process_name(link)} {{"]
        self._warnings: list[str] = []
        self._keys: dict[str, str] = {}

    def write(self, read: Configuration) -> WireguardProgram:
        """Write all of it."""
        self._read_key("key", f"{self._link}.key", read.private_key)
        options = {"listen_port": f"{read.listen_port or ''}", "fwmark": f"{read.fwmark or ''}"}
        given = "".join(f", {_text(word)}: {_text(value)}" for word, value in options.items() if value)
        self._say(f'vpn.wireguard({self._name}, ["private_key": key{given}]);')
        if read.mtu is not None:
            self._say(f'net.mtu({self._name}, "{read.mtu}");')
        self._say(f"net.up({self._name});")
        for address in read.addresses:
            self._say(f"net.addr({self._name}, {_network(address)});")
        for number, peer in enumerate(read.peers, 1):
            self._peer(number, peer, read.table)
        if read.servers:
            servers = List([format_address(one) for one in read.servers])
            self._say(f'net.dns({_text(servers)}, "{DNS_PRIORITY}");')
        if read.domains:
            lines = List([List([b"search", " ".join(read.domains).encode()])])
            self._say(f'net.dns.resolvconf({_text(lines)}, "{DNS_PRIORITY}");')
        for line in read.unsaid:
            self._warn(f"left out: {line}")
        text = "\n".join([*self._lines, "}", ""]).encode("utf-8", "surrogateescape")
        return WireguardProgram(
            format_program("a program", text).decode("utf-8", "surrogateescape"), self._warnings, self._keys
        )

    @property
    def _name(self) -> str:
        return _text(self._link)

    def _peer(self, number: int, peer: PeerSection, table: int) -> None:
        psk = ""
        if peer.preshared_key is not None:
            psk = f', "preshared_key": psk{number}'
            self._read_key(f"psk{number}", f"{self._link}-{number}.psk", peer.preshared_key)
        anywhere = [one for one in peer.allowed if not one.prefix]
        routed = table == AUTO and not anywhere and bool(peer.allowed)
        options: dict[str, Value] = {
            "endpoint": ENDPOINT.write(peer.endpoint) if peer.endpoint is not None else b"",
            "allowed_ips": List([_network_bytes(one) for one in peer.allowed]),
            "keepalive": b"%d" % peer.keepalive if peer.keepalive else b"",
            "routes": b"0" if routed else b"",
        }
        given = ", ".join(f"{_text(word)}: {_text(value)}" for word, value in options.items() if value != b"")
        key = _text(key_text(peer.public_key))
        self._say(f"vpn.wireguard.peer({self._name}, {key}, [{given}{psk}]) peer{number};")
        if table == OFF or routed:
            return
        if table != AUTO:
            for network in peer.allowed:
                more = _text(Map({b"dev": self._link.encode(), b"table": b"%d" % table}))
                self._say(f"net.route({_network(network)}, {more});")
            return
        for network in peer.allowed:
            if network.prefix:
                more = _text(Map({b"dev": self._link.encode()}))
                self._say(f"net.route({_network(network)}, {more});")
            else:
                self._gateway(number, network, peer.endpoint)

    def _gateway(self, number: int, network: Network, endpoint: PeerAddress | None) -> None:
        """Lead everything of a family into the tunnel, but for what the tunnel itself sends."""
        family = b"inet" if len(network.address) == 4 else b"inet6"
        address = parse_address(endpoint.host.partition("%")[0].encode()) if endpoint is not None else None
        pinned = endpoint is not None and (len(address) == len(network.address) if address else family == b"inet")
        server = f', "server": peer{number}.address' if pinned else ""
        words = f'"kind": "vpn", "family": {_text(family)}'
        self._say(f'net.gateway({self._name}, "none", [{words}{server}]);')
        if endpoint is not None and address is None and pinned:
            self._warn(f"{endpoint.host} is taken to have an IPv4 address: the way to it is kept out of the tunnel")

    def _read_key(self, name: str, file: str, key: bytes) -> None:
        self._keys[file] = key_text(key)
        self._say(f"file_read({_text(os.path.join(self._folder, file))}) {name};")

    def _say(self, line: str) -> None:
        self._lines.append(f"    {line}")

    def _warn(self, text: str) -> None:
        self._warnings.append(_bare(text))
        self._say(f"# {_bare(text)}")


def _text(value: Value | str) -> str:
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return format_value(data).decode("utf-8", "surrogateescape")


def _network_bytes(network: Network) -> bytes:
    return b"%s/%d" % (format_address(network.address), network.prefix)


def _network(network: Network) -> str:
    return _text(_network_bytes(network))


def _process_name(link: str) -> str:
    name = "".join(char if char.isascii() and (char.isalnum() or char == "_") else "_" for char in link)
    return name if not name[0].isdigit() else f"_{name}"


def _bare(text: str) -> str:
    """Return what can stand in a comment."""
    return "".join(char if char.isprintable() else "?" for char in text)
