"""What waits because something is in the way, or lacks, begins again as soon as that ends.

The retry time is ten minutes in all of this: whatever comes up was woken.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from tests.clock import Clock
from tests.kernel.netlink.conftest import kernel_lacks
from tests.kernel.ways import LINK, WAYS, Way

from netstrata.testing.child import Child
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SOON_S = 1.0  # the figures are bench/ways.py's; here a busy machine may do something else


def start(host: Host, folder: Path, program: str, path: str = "") -> Child:
    """Run a program on a host, with folders where programs are looked for first."""
    (folder / "program.ncd").write_text(program)
    where = ["--state", str(folder / "state"), "--control", str(folder / "control")]
    options = [*where, "--journal", "no", "--retry-time", "600000"]
    words = [sys.executable, "-m", "netstrata", "run", *options, str(folder / "program.ncd")]
    return host.start(words, {**os.environ, "PATH": path + os.environ["PATH"]})


def shell(host: Host, text: str) -> None:
    """Do on a host what a text says."""
    if text:
        host.run("sh", "-ec", text)


def each_way() -> Iterator[ParameterSet]:
    """Yield all, those with bonds also for the virtual machine: see tools/vm-tests."""
    for name, way in WAYS.items():
        yield pytest.param(way, id=name.replace(" ", "-"), marks=pytest.mark.vm if "bond" in way.before else ())


@pytest.mark.parametrize("way", each_way())
def test_a_way_that_becomes_free_is_taken_at_once(lab: Lab, tmp_path: Path, way: Way) -> None:
    if "bond" in way.before and kernel_lacks("bond"):
        pytest.skip("this kernel has no bonds; tools/vm-tests runs this in another one")
    host = lab.host("laptop")
    shell(host, way.before)
    other = host.start([sys.executable, "-uc", way.runs]) if way.runs else None
    if other is not None:
        other.wait_output("ready")
    program = f'process main {{ {way.statements} println("up"); }} template handler {{ println("asked"); }}'
    daemon = start(host, tmp_path, program)
    daemon.wait_output("Trying again")
    assert way.reason in daemon.output()

    clock = Clock()
    shell(host, way.frees)
    if other is not None:
        other.end()
    daemon.wait_output("main.2 println")

    assert clock.seconds < SOON_S
    assert daemon.end() == 0


def test_who_waits_for_something_else_is_not_woken(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("laptop")
    shell(host, LINK + "ip addr add 192.0.2.1/24 dev d0; nft add table inet guard;")
    for number in (1, 2):
        shell(host, f"ip route add 198.51.{number}.0/24 via 192.0.2.2; ip rule add pref {number} table 7 realms 1")
    program = "".join(
        f'process p{number} {{ net.route("198.51.{number}.0/24", ["via": "192.0.2.3", "dev": "d0"]); println("up"); }}'
        for number in (1, 2)
    )
    daemon = start(host, tmp_path, f'{program} process nft {{ net.nft.table("inet", "guard"); }}')
    for name in ("p1", "p2", "nft"):
        daemon.wait_output(f"process {name}, statement 1")

    shell(host, "ip link add x0 type bridge; ip link set x0 up; ip link del x0; ip addr add 203.0.113.1/24 dev d0")
    shell(host, "ip route add 198.51.9.0/24 via 192.0.2.2; ip route del 198.51.9.0/24; nft add table inet other")
    shell(host, "ip route del 198.51.1.0/24")
    daemon.wait_output("p1.2 println")

    assert daemon.output().count("Trying again") == 3
    assert "p2.2" not in daemon.output()


def test_what_another_process_of_the_program_gives_up_is_taken_at_once(lab: Lab, tmp_path: Path) -> None:
    """The kernel does not tell us what we do to routes ourselves."""
    host = lab.host("laptop")
    shell(host, LINK + "ip addr add 192.0.2.1/24 dev d0")
    daemon = start(
        host,
        tmp_path,
        """
        template first {
            net.route("0.0.0.0/0", ["via": "192.0.2.2", "dev": "d0"]);
            net.rule(["priority": "7", "from": "2001:db8::/32", "table": "7"]);
            net.nft.table("inet", "guard");
            net.dnsmasq("d0", ["range": {"192.0.2.10", "192.0.2.20"}]);
        }
        process manager { process_manager() m; m->start("1", "first", {}); sleep("3000"); m->stop("1"); }
        process second { sleep("800"); net.route("0.0.0.0/0", ["via": "192.0.2.3", "dev": "d0"]); println("taken"); }
        process third { sleep("800"); net.rule(["priority": "7", "family": "inet6", "table": "7"]); println("taken"); }
        process fourth { sleep("800"); net.nft.table("inet", "guard"); println("taken"); }
        process fifth { sleep("800"); net.dnsmasq("d0", ["range": {"192.0.2.30", "192.0.2.40"}]); println("taken"); }
        """,
    )
    others = ("second", "third", "fourth", "fifth")
    for name in others:
        daemon.wait_output(f"process {name}, statement 2")
    daemon.wait_output("manager.4")

    clock = Clock()
    for name in others:
        daemon.wait_output(f"{name}.3 println")

    assert clock.seconds < SOON_S


def test_a_program_that_is_kept_running_starts_as_soon_as_it_is_installed(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("laptop")
    daemon = start(
        host,
        tmp_path,
        'process main { daemon({"/run/tools/hello"}, ["keep_stdout": "true", "retry_time": "600000"]); }',
    )
    daemon.wait_output("starting it again in 600 s")

    clock = Clock()
    shell(host, "mkdir /run/tools; printf '#!/bin/sh\\necho hello; sleep 60\\n' > /run/tools/hello.new")
    shell(host, "chmod +x /run/tools/hello.new; mv /run/tools/hello.new /run/tools/hello")
    daemon.wait_output("hello\n")

    assert clock.seconds < SOON_S


def test_a_table_that_goes_while_nft_says_that_it_is_there_is_made_all_the_same(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("laptop")
    shell(host, "nft add table inet guard")
    tool = tmp_path / "nft"
    tool.write_text('#!/bin/sh\nPATH=/usr/sbin; nft "$@" || { nft delete table inet guard; exit 1; }\n')
    tool.chmod(0o755)

    daemon = start(host, tmp_path, 'process main { net.nft.table("inet", "guard"); println("up"); }', f"{tmp_path}:")

    daemon.wait_output("main.2 println")
    assert "Trying again" not in daemon.output()
