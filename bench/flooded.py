"""`python bench/flooded.py [dhcp|answers|arp ...]`: what a flood costs the daemon, and what it delays, as JSON.

A program leases on one link, which is flooded, asks by ARP there for an address, and follows the carrier of another
link.  Told are the daemon's share of a core and the time from carrier lost to route gone, for each kind of flood;
"quiet" is without one, "claims" is everybody having the address that is asked for.  See bench/flood.py.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from carrier import Subscriber, figures, while_running
from space import NCD, in_own_namespace, shell

FLOODS = {"quiet": "", "dhcp": "dhcp", "answers": "answers", "arp": "arp", "claims": "arp --address 192.0.2.77"}
ROUNDS = 25
PROGRAM = """process route {
    net.up("v0");
    net.backend.waitlink("v0");
    net.ipv4.addr("v0", "10.0.0.1/24");
    net.ipv4.route("10.9.0.0/16", "10.0.0.2", "5", "v0");
}
process lease { net.ipv4.dhcp("d0") lease; }
process question { net.ipv4.arp_probe("d0", "192.0.2.77") probe; }
"""


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _share(pid: int, seconds: float) -> float:
    before, began = _cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return round(100 * (_cpu_s(pid) - before) / (time.monotonic() - began), 1)


def _measure(words: str, program: Path) -> dict[str, Any]:
    flood = None
    if words:  # it comes before the daemon, for it may have to hear a client first
        kind, *rest = words.split()
        script = str(Path(__file__).with_name("flood.py"))
        flood = subprocess.Popen([sys.executable, script, kind, "d1", "12", *rest], stdout=subprocess.PIPE)
        time.sleep(1)
    ear = Subscriber()
    daemon = subprocess.Popen([*NCD, str(program)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ear.wait("route")
        time.sleep(1)
        found: dict[str, Any] = {"core_percent": _share(daemon.pid, 4.0)}
        gone = []
        for _ in range(ROUNDS):
            times = while_running(ear, "ip link set v1 down", "no carrier", "no route")
            gone.append(times["no route"] - times["no carrier"])
            while_running(ear, "ip link set v1 up", "carrier", "address", "route")
        found["carrier_to_route_gone"] = figures(gone)
        if flood is not None:
            found["a_second"] = json.loads(flood.communicate()[0])["a_second"]
    finally:
        daemon.terminate()
        daemon.wait()
    return found


def main() -> None:
    """Measure all floods, or those named."""
    in_own_namespace()
    shell("ip link add v0 type veth peer name v1; ip link set v1 up")
    shell("ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up")
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "flooded.ncd"
        program.write_text(PROGRAM)
        for kind in sys.argv[1:] or FLOODS:
            print(json.dumps({kind: _measure(FLOODS[kind], program)}), flush=True)


if __name__ == "__main__":
    main()
