"""Cables.  Their ports are in a namespace between the hosts, so that pulling one changes nothing in a host."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netstrata.testing.host import Host


class Cable:
    """What joins one link of each of several hosts."""

    __slots__ = ("_panel", "_ports")

    def __init__(self, panel: "Host", number: int, ends: "tuple[tuple[Host, str], ...]") -> None:
        """Make the links, and a switch between them that floods and learns nothing.

        Raises: Unavailable.
        """
        self._panel = panel
        self._ports: dict[str, str] = {}
        switch = f"c{number}"
        lines = [f"link add name {switch} type bridge stp_state 0 ageing_time 0 mcast_snooping 0"]
        for index, (host, link) in enumerate(ends):
            port = f"{switch}p{index}"
            self._ports[host.name] = port
            lines.append(f"link add name {port} type veth peer name {link} netns {host.net_path}")
            lines.append(f"link set dev {port} master {switch} up")
        lines.append(f"link set dev {switch} up")
        panel.ip(*lines, files=[host.net for host, _ in ends])

    def pull(self, *hosts: "Host") -> None:
        """Take the carrier away, from all ends or from those of some hosts."""
        self._set("down", hosts)

    def plug(self, *hosts: "Host") -> None:
        """Give the carrier back, to all ends or to those of some hosts."""
        self._set("up", hosts)

    def _set(self, state: str, hosts: "tuple[Host, ...]") -> None:
        ports = [self._ports[host.name] for host in hosts] or list(self._ports.values())
        self._panel.ip(*(f"link set dev {port} {state}" for port in ports))
