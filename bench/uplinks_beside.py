"""How long it takes from a lost carrier until packets go out by the second uplink, beside other network managers.

    python bench/uplinks_beside.py

Runs as root, in a lab of hosts in namespaces; prints JSON, the median of 7, in milliseconds, and the longest.  Each has
two links with static addresses and a gateway each, the first one preferred (ConnMan stays where it is).  Time is from
the kernel's message that the carrier is gone until it says that packets to the internet leave by the other link
(RTM_GETROUTE, asked without a pause).
Peers that are not unpacked below .peers (tools/setup.sh), or do not get as far, are left out.
"""

import json
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from space import median
from uplinks import UPLINK, town

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import Way
from netstrata.values import Unavailable

ROUNDS = 7
PEERS = Path(__file__).parents[1] / ".peers"
MOUNTS = """set -e; mount -t tmpfs run /run; mount -o remount,ro,bind /sys; mkdir -p /run/dbus
over() {
  below=; for one; do below=$below$PEERS/$one/usr:; [ ! -d "$PEERS/$one/etc" ] || cp -a "$PEERS/$one/etc/." /etc/; done
  mount -t overlay o -o "lowerdir=$below/usr" /usr
}
bus() { dbus-daemon --system --nopidfile; }
"""
NETWORKD = """mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network /run/systemd/netif
for n in 0 1; do
  printf '%s\\n' '[Match]' Name=eth$n '[Network]' Address=10.1.$n.2/24 \\
    '[Route]' Gateway=10.1.$n.1 Metric=$((10 + 10 * n)) > /run/systemd/network/$n.network
done
bus; exec /lib/systemd/systemd-networkd
"""
MANAGER = """over libndp0 libnm0 libmm-glib0 libnewt0.52 libteamdctl0 libbluetooth3 network-manager
printf '%s\\n' '[main]' auth-polkit=false 'no-auto-default=*' rc-manager=unmanaged \\
  > /etc/NetworkManager/NetworkManager.conf
mkdir -p /etc/NetworkManager/system-connections
for n in 0 1; do
  file=/etc/NetworkManager/system-connections/eth$n.nmconnection
  printf '%s\\n' '[connection]' id=eth$n type=ethernet interface-name=eth$n '[ipv4]' method=manual \\
    address1=10.1.$n.2/24,10.1.$n.1 route-metric=$((10 + 10 * n)) '[ipv6]' method=disabled > $file
  chmod 600 $file
done
bus; exec NetworkManager --no-daemon
"""
CONNMAN = """over connman; mkdir -p /run/connman /var/lib/connman
for n in 0 1; do
  printf '%s\\n' "[service_eth$n]" Type=ethernet DeviceName=eth$n IPv4=10.1.$n.2/255.255.255.0/10.1.$n.1 IPv6=off \\
    > /var/lib/connman/eth$n.config
done
bus; exec connmand -n -r -I lo
"""
SCRIPTS = {"systemd-networkd": NETWORKD, "NetworkManager": MANAGER, "ConnMan": CONNMAN}
RTMGRP_LINK, RTM_NEWLINK, RTM_NEWROUTE, RTM_GETROUTE = 1, 16, 24, 26
RUNNING = 0x40


class WayOut:
    """What the kernel says of the way to the internet."""

    def __init__(self) -> None:
        self._listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._listener.bind((0, RTMGRP_LINK))
        self._listener.setblocking(False)
        self._asked = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._asked.bind((0, 0))

    def link(self) -> int:
        """Return the index of the link that packets leave by, 0 for none."""
        body = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 0, 0, 0, 0, 0)
        body += struct.pack("=HH", 8, 1) + socket.inet_aton("203.0.113.7")
        self._asked.send(struct.pack("=IHHII", 16 + len(body), RTM_GETROUTE, 1, 1, 0) + body)
        data = self._asked.recv(65536)
        if struct.unpack_from("=H", data, 4)[0] != RTM_NEWROUTE:
            return 0
        at = 28
        while at + 4 <= len(data):
            length, kind = struct.unpack_from("=HH", data, at)
            if kind == 4:
                found: int = struct.unpack_from("=I", data, at + 4)[0]
                return found
            at += (length + 3) & ~3
        return 0

    def lost(self, index: int) -> bool:
        """Say whether a link has told that it has no carrier."""
        try:
            data = self._listener.recv(65536)
        except BlockingIOError:
            return False
        kind, number, flags = struct.unpack_from("=H", data, 4)[0], *struct.unpack_from("=iI", data, 20)
        return kind == RTM_NEWLINK and number == index and not flags & RUNNING

    def took_ms(self, index: int, pull: Callable[[], None]) -> float:
        """Return how long it takes from the carrier of a link that is lost to another way."""
        end_s, gone_s = time.monotonic() + 30, 0.0
        pulling = threading.Thread(target=pull)
        pulling.start()
        with suppress(PermissionError):  # or it is heard later than by who is measured
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_FIFO, os.sched_param(1))
        while time.monotonic() < end_s:
            if not gone_s and self.lost(index):
                gone_s = time.monotonic()
            if gone_s and self.link() not in (0, index):
                took_ms = 1000 * (time.monotonic() - gone_s)
                os.sched_setscheduler(threading.get_native_id(), os.SCHED_OTHER, os.sched_param(0))
                pulling.join()
                return took_ms
        raise Unavailable("see the other way", "not within 30 s")

    def drain(self) -> None:
        """Forget what was told."""
        try:
            while self._listener.recv(65536):
                pass
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Ask no more."""
        self._listener.close()
        self._asked.close()


def measured(laptop: Host, ways: list[Way], words: tuple[str, ...]) -> dict[str, float]:
    """Return what one of them takes."""
    links = [int(laptop.run("cat", f"/sys/class/net/eth{at}/ifindex")) for at in range(2)]
    way_out = laptop.call(WayOut)
    daemon = laptop.start(words)
    found = []
    try:
        for _ in range(ROUNDS):
            wait_until("a way", lambda: way_out.link() in links, 30)
            time.sleep(3)  # until the first one is used again, unless there is no going back
            way_out.drain()
            used = way_out.link()
            cable = ways[links.index(used)].cable
            found.append(way_out.took_ms(used, cable.pull))
            time.sleep(1)
            cable.plug()
    except Unavailable as error:
        print(f"{words[-1][-60:]!r}: {error}\n{daemon.output()[-2000:]}", file=sys.stderr)
        for way in ways:
            way.cable.plug()
    finally:
        daemon.end()
        way_out.close()
        for at in range(2):
            laptop.run("sh", "-c", f"ip addr flush dev eth{at}; ip link set eth{at} down")
    return {"median_ms": round(median(found), 2), "longest_ms": round(max(found), 2)} if len(found) == ROUNDS else {}


def main() -> None:
    """Measure, and print."""
    found: dict[str, dict[str, float]] = {}
    with Lab() as lab, tempfile.TemporaryDirectory() as name:
        laptop, ways = town(lab, 2)
        path = Path(name) / "program.ncd"
        path.write_text("".join(UPLINK.format(f"eth{at}", at, "") for at in range(2)))
        run = ("run", "--quiet", "--control", "none", "--state", name, str(path))
        found["netstrata"] = measured(laptop, ways, (sys.executable, "-m", "netstrata", *run))
        for peer, script in SCRIPTS.items():
            text = f"PEERS={PEERS}\n{MOUNTS}{script}"
            found[peer] = measured(laptop, ways, ("unshare", "-m", "--propagation", "private", "sh", "-c", text))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
