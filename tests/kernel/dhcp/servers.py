"""Servers that other people wrote, in the other namespace of a wire."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any

from tests.kernel.backends.test_wpa_supplicant import peer

from netstrata.protocols.dhcpv4 import Message, decode
from netstrata.system.dhcp.sockets import ETH_P_IP

if TYPE_CHECKING:
    import subprocess

    from tests.kernel.dhcp.conftest import Wire

DHCPD = """
authoritative;
default-lease-time 600;
max-lease-time 7200;
ping-check false;
subnet 10.7.0.0 netmask 255.255.255.0 { range 10.7.0.50 10.7.0.60; option routers 10.7.0.1; }
"""
UDHCPD = """
start 10.7.0.50
end 10.7.0.60
interface eth0
option subnet 255.255.255.0
option router 10.7.0.1
option lease 600
"""


def kea_config(**more: Any) -> dict[str, Any]:
    """What kea 2.2 serves, with whatever else is said of the whole server."""
    return {
        "interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "raw"},
        "lease-database": {"type": "memfile", "persist": False},
        "authoritative": True,
        "valid-lifetime": 600,
        "subnet4": [{"id": 1, "subnet": "10.7.0.0/24", "pools": [{"pool": "10.7.0.100-10.7.0.150"}]}],
        **more,
    }


def write_kea(wire: Wire, config: dict[str, Any]) -> None:
    """Write what kea reads, when it starts or is told to by SIGHUP."""
    (wire.directory / "kea.json").write_text(json.dumps({"Dhcp4": config}))


def kea(wire: Wire, config: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start kea, with what it sees in its log."""
    program = peer(wire.directory, "kea-dhcp4-server", "usr/sbin/kea-dhcp4")
    write_kea(wire, config)
    places = {"KEA_LOCKFILE_DIR": str(wire.directory), "KEA_PIDFILE_DIR": str(wire.directory)}
    child = wire.start(program, "-c", "kea.json", environment=places)
    wire.until(lambda: "DHCP4_STARTED" in wire.log("kea-dhcp4"))
    return child


def dhcpd(wire: Wire, config: str = DHCPD) -> subprocess.Popen[bytes]:
    """Start ISC dhcpd 4.4.3."""
    program = peer(wire.directory, "isc-dhcp-server", "usr/sbin/dhcpd")
    (wire.directory / "dhcpd.conf").write_text(config)
    leases = wire.directory / "dhcpd.leases"
    leases.touch()
    child = wire.start(
        program, "-4", "-d", "-f", "--no-pid", "-cf", str(wire.directory / "dhcpd.conf"), "-lf", str(leases), "eth0"
    )
    wire.until(lambda: "Server starting service" in wire.log("dhcpd"))
    return child


def udhcpd(wire: Wire, config: str = UDHCPD) -> subprocess.Popen[bytes]:
    """Start the udhcpd of busybox 1.35."""
    leases = wire.directory / "udhcpd.leases"
    leases.touch()
    (wire.directory / "udhcpd.conf").write_text(f"{config}lease_file {leases}\npidfile {wire.directory}/udhcpd.pid\n")
    child = wire.start("busybox", "udhcpd", "-f", str(wire.directory / "udhcpd.conf"))
    wire.until(lambda: "started" in wire.log("busybox"))
    return child


class Overheard:
    """All DHCP messages on a wire, as they come by at the server's end."""

    def __init__(self, wire: Wire) -> None:
        with wire.on_the_servers_side():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
            self._socket.bind(("eth0", ETH_P_IP))

    def messages(self, kind: int = 0) -> list[Message]:
        """Return those of a kind, or all that clients said, that have come by since the last time."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = self._socket.recv(2048)
                if packet[9] == socket.IPPROTO_UDP and packet[22:24] in (b"\0C", b"\0D"):
                    found.append(decode(packet[28:]))
        return [message for message in found if kind in (0, message.options[53][0])]

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()
