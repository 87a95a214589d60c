"""The lab itself: what tests about the kernel stand on must be true first."""

import os
import signal
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from tests.clock import Clock

import netstrata
from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel

SOURCES = Path(netstrata.__file__).parents[1]
NOBODY = 65534


def test_what_the_kernel_makes_by_itself_is_not_in_its_text(lab: Lab) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")

    host.up("eth0", "192.0.2.1/24", "2001:db8::1/64")
    host.ip("route add default via 192.0.2.254 metric 20", "route add blackhole 198.51.100.0/24")
    host.ip("rule add from 192.0.2.0/24 lookup 7 priority 100", "link set dev eth0 mtu 1400")

    assert host.kernel() == (
        "link eth0 up carrier mtu 1400\n"
        "addr 192.0.2.1/24 dev eth0\n"
        "addr 2001:db8::1/64 dev eth0\n"
        "route blackhole 198.51.100.0/24\n"
        "route default via 192.0.2.254 dev eth0 metric 20\n"
        "rule 100 from 192.0.2.0/24 lookup 7"
    )


def test_a_pulled_cable_takes_the_carrier_from_both_ends_and_nothing_else(lab: Lab) -> None:
    one, other = lab.host("one"), lab.host("other")
    cable = lab.cable((one, "eth0"), (other, "eth0"))
    one.up("eth0", "192.0.2.1/24")
    other.up("eth0", "192.0.2.2/24")

    cable.pull()

    assert one.kernel() == "link eth0 up no-carrier\naddr 192.0.2.1/24 dev eth0"
    assert other.kernel() == "link eth0 up no-carrier\naddr 192.0.2.2/24 dev eth0"


def test_a_plugged_cable_carries_again(lab: Lab) -> None:
    one, other = lab.host("one"), lab.host("other")
    cable = lab.cable((one, "eth0"), (other, "eth0"))
    one.up("eth0", "192.0.2.1/24")
    other.up("eth0", "192.0.2.2/24")
    other.page("192.0.2.2", "through the cable")
    cable.pull()

    cable.plug()

    assert one.fetch("http://192.0.2.2/") == "through the cable"


def test_one_end_of_a_cable_can_be_pulled_alone(lab: Lab) -> None:
    hosts = [lab.host(name) for name in ("one", "two", "three")]
    cable = lab.cable(*((host, "eth0") for host in hosts))
    for host in hosts:
        host.up("eth0")

    cable.pull(hosts[1])

    assert [host.kernel() for host in hosts] == [
        "link eth0 up carrier",
        "link eth0 up no-carrier",
        "link eth0 up carrier",
    ]


def test_files_of_a_host_are_not_the_machines(lab: Lab) -> None:
    host, other = lab.host("host"), lab.host("other")
    before = Path("/etc/resolv.conf").read_bytes()

    host.write("/etc/resolv.conf", "nameserver 192.0.2.53\n")
    host.write("/var/lib/netstrata/lease", "mine\n")
    host.write("/run/netstrata/mine", "mine\n")

    assert Path("/etc/resolv.conf").read_bytes() == before
    assert other.read("/etc/resolv.conf") == ""
    assert not Path("/var/lib/netstrata/lease").exists()
    assert not Path("/run/netstrata/mine").exists()


def test_the_machines_own_links_are_never_touched(lab: Lab) -> None:
    before = subprocess.run(["ip", "-o", "addr"], capture_output=True, check=True).stdout
    one, other = lab.host("one"), lab.host("other")

    lab.cable((one, "eth0"), (other, "eth0")).pull()
    one.up("eth0", "192.0.2.1/24")

    assert subprocess.run(["ip", "-o", "addr"], capture_output=True, check=True).stdout == before


def test_leftovers_name_what_came_and_what_went(lab: Lab) -> None:
    host = lab.host("host")
    host.up("lo", "192.0.2.1/32")
    lab.remember()

    host.ip("addr del 192.0.2.1/32 dev lo", "addr add 192.0.2.2/32 dev lo")
    host.write("/run/left", "behind")
    sleeper = host.start(["sleep", "100"])
    found = lab.leftovers()

    assert [line for line in found if "open file" not in line] == [
        "- host: addr 192.0.2.1/32 dev lo",
        "+ host: addr 192.0.2.2/32 dev lo",
        "+ host: file /run/left -rw-r--r-- 6 bytes, checksum ad193be4",
        f"+ program sleep {sleeper.pid}",
    ]
    sleeper.end()
    lab.remember()


def test_a_dhcp_server_offers_an_address_of_its_range(lab: Lab) -> None:
    client, server = lab.host("client"), lab.host("server")
    lab.cable((client, "eth0"), (server, "lan"))
    server.up("lan", "192.0.2.254/24")
    client.up("eth0")

    server.dhcp_server("lan", ("192.0.2.50", "192.0.2.50"), router="192.0.2.254", options=["option:T1,3"])

    with client.inside():
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        asking.bind(("", 68))
        asking.settimeout(0.5)
        discover = struct.pack("!BBBBIHH16x6s202xI", 1, 1, 6, 0, 7, 0, 0x8000, b"\2\0\0\0\0\1", 0x63825363)
        offers: list[bytes] = []

        def offered() -> bool:
            asking.sendto(discover + b"\x35\1\1\xff", ("255.255.255.255", 67))
            with suppress(TimeoutError):  # a switch forwards only when it has noticed the carrier
                offers.append(asking.recv(1500))
            return offers != []

        wait_until("an offer", offered)
    [offer] = offers
    assert offer[16:20] == socket.inet_aton("192.0.2.50")
    assert b"\x3a\4\0\0\0\3" in offer


def test_a_page_is_found_through_the_hosts_own_name_server(lab: Lab) -> None:
    client, server = lab.host("client"), lab.host("server")
    lab.cable((client, "eth0"), (server, "lan"))
    server.up("lan", "192.0.2.254/24")
    client.up("eth0", "192.0.2.1/24")
    server.page("192.0.2.254", "found")
    server.dhcp_server("lan", ("192.0.2.50", "192.0.2.60"), names={"www.example.org": "192.0.2.254"})

    client.write("/etc/resolv.conf", "nameserver 192.0.2.254\n")

    assert client.fetch("http://www.example.org/") == "found"


def test_a_program_that_is_not_installed_is_named(lab: Lab) -> None:
    with pytest.raises(Unavailable, match="start no-such-program on host: it is not installed"):
        lab.host("host").start(["no-such-program"])


def test_what_a_program_says_instead_of_what_is_waited_for_is_told(lab: Lab) -> None:
    child = lab.host("laptop").start(["sh", "-c", "echo no such thing; exec sleep 1000"])
    child.wait_output("no such thing")

    with pytest.raises(Unavailable, match=r"cannot see 'ready' from sh: not within 0\.01 s: no such thing"):
        child.wait_output("ready", 0.01)


def test_what_ip_refuses_is_told_with_its_line(lab: Lab) -> None:
    with pytest.raises(Unavailable, match=r"'link set dev eth7 up' on host.*eth7"):
        lab.host("host").up("eth7")


def test_five_hosts_four_cables_and_two_dhcp_servers_take_less_than_a_second(lab: Lab) -> None:
    clock = Clock()

    hosts = [lab.host(f"h{number}") for number in range(5)]
    for number in range(4):
        lab.cable((hosts[number], "right"), (hosts[number + 1], "left"))
    for number in (0, 1):
        hosts[number].up("right", "192.0.2.254/24")
        hosts[number].dhcp_server("right", ("192.0.2.1", "192.0.2.9"))

    assert clock.seconds < 1


LEAVES_BEHIND = """
import time
from netstrata.testing.lab import Lab

lab = Lab()
host = lab.host("host")
child = host.start(["sh", "-c", "setsid sleep 1000 & exec sleep 1000"])
print(lab._machine.first_pid, child.pid, flush=True)
time.sleep(1000)
"""


def started(code: str, *before: str) -> "subprocess.Popen[str]":
    """Start Python code that makes a lab, as a program."""
    python = [*before, sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(python, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_lab_whose_owner_is_killed(lab: Lab, number: int) -> None:
    with started(LEAVES_BEHIND) as owner:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        inode = os.stat(f"/proc/{pids[0]}/ns/pid").st_ino

        owner.send_signal(number)
        owner.wait()

    assert len(pids) == 2
    wait_until("the lab's programs end", lambda: inode not in process_namespaces(pids[0]))


def process_namespaces(first_pid: int) -> set[int]:
    """Return the process namespaces in which something runs.

    The dead do not count, nor does the lab's first program, which must wait for whoever adopts its dead children.
    """
    found = set()
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != first_pid:
            try:
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.add(os.stat(f"/proc/{pid}/ns/pid").st_ino)
            except OSError:
                continue  # it ended meanwhile
    return found


UNPRIVILEGED = """
import os
from netstrata.testing.lab import Lab

assert os.geteuid() != 0
with Lab() as lab:
    one, other = lab.host("one"), lab.host("other")
    lab.cable((one, "eth0"), (other, "eth0"))
    one.up("eth0", "192.0.2.1/24")
    other.up("eth0", "192.0.2.2/24")
    other.dhcp_server("eth0", ("192.0.2.50", "192.0.2.60"))
    other.page("192.0.2.2", "without root")
    one.write("/etc/resolv.conf", "nameserver 192.0.2.2")
    print(one.fetch("http://192.0.2.2/"))
"""


def test_a_lab_needs_no_root_where_the_kernel_lets_users_make_namespaces() -> None:
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if subprocess.run([*user, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("it takes root to become another user; without it, every other test here shows the same")
    if subprocess.run([*user, sys.executable, netstrata.__file__], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("another user can read neither these sources nor this Python")
    if subprocess.run([*user, "unshare", "--user", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this kernel lets no user but root make user namespaces")

    with started(UNPRIVILEGED, *user) as owner:
        said = owner.communicate(timeout=60)[0]

    assert said == "without root\n"


def test_of_what_two_programs_print_at_once_nothing_is_lost(lab: Lab) -> None:
    host = lab.host("host")
    printing = f"{sys.executable} -c 'import os; [os.write(1, b\"x\\n\") for _ in range(50000)]'"

    child = host.start(["sh", "-c", f"{printing} & {printing} & wait"])
    status = child.status()

    assert (status, len(child.output())) == (0, 200_000)
