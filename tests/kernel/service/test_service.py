"""The units of packaging/, started by a real systemd in all their restrictions."""

import contextlib
import http.client
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.service.systemd import PYTHON, Systemd, booted

import netstrata
from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
UNIT = "netstrata.service"
PROGRAM = "/etc/netstrata/main.ncd"
ROOT = Path(__file__).parents[3]
SOURCES = {"PYTHONPATH": str(Path(netstrata.__file__).parents[1])}
INTERNET = "203.0.113.1"
LAPTOP = """
process wan {
    net.up("wan0");
    net.backend.waitlink("wan0");
    net.ipv4.dhcp("wan0") lease;
    net.ipv4.addr("wan0", lease.cidr_addr);
    net.ipv4.route("0.0.0.0/0", lease.gateway, "20", "wan0");
    net.dns(lease.dns_servers, "20");
    provide("WAN");
}
process rest {
    depend("WAN");
    net.sysctl("net.ipv4.ip_forward", "1");
    net.iptables.append("nat", "POSTROUTING", "-o", "wan0", "-j", "MASQUERADE");
    net.nft.table("inet", "guard");
    net.nft.chain("inet", "guard", "input", ["type": "filter", "hook": "input", "priority": "filter"]);
    net.bridge("br0");
    net.tun("vpn0", "tun", ["user": "nobody"]);
    file.write("/etc/motd", "hello\\n", ["owner": "nobody", "mode": "0640"]);
    daemon({"/bin/sleep", "1000"}, ["username": "nobody", "limits": ["nofile": "77", "core": "0"]]);
    run({"/bin/touch", "/run/up"}, {"/bin/rm", "/run/up"});
}
"""
ROUTER = (ROOT / "examples" / "router.ncd").read_text()
LOOK = (
    "cat /etc/resolv.conf /proc/sys/net/ipv4/ip_forward; stat -c '%U %a' /etc/motd; ls /run/up /run/router.socket; "
    "nft list ruleset; iptables-save | sed 's/^#.*//; s/ .[0-9]*:[0-9]*.$//'; "
    "ps -ww -eo user,args | grep -E 'sleep|dnsmasq' | grep -v grep | sort"
)


def look(host: Host) -> str:
    """Return what the kernel holds for a host, its files and the programs that run."""
    return host.kernel() + host.run("sh", "-c", f"({LOOK}) 2>&1")


@pytest.fixture
def host(lab: Lab) -> Host:
    """A host with an uplink to a DHCP server, and a second link."""
    host, internet, desk = lab.host("host"), lab.host("internet"), lab.host("desk")
    lab.cable((host, "wan0"), (internet, "eth0"))
    lab.cable((host, "lan1"), (desk, "eth0"))
    desk.up("eth0")
    internet.up("eth0", f"{INTERNET}/24")
    internet.dhcp_server("eth0", ("203.0.113.50", "203.0.113.50"), router=INTERNET, dns=INTERNET)
    return host


@pytest.fixture
def systemd(host: Host) -> Iterator[Systemd]:
    """The host's systemd, with the daemon's unit."""
    with booted(host) as systemd:
        systemd.install(UNIT)
        yield systemd


@pytest.mark.parametrize(
    ("program", "last"),
    [
        (LAPTOP, ("/run/up\n", "nobody   /bin/sleep 1000")),
        (ROUTER, ("addr 192.0.2.1", "oifname", "dnsmasq-lan", "link lan1 up carrier master lan")),
    ],
    ids=["laptop", "router"],
)
def test_what_stands_is_the_same_as_without_restrictions(
    host: Host, systemd: Systemd, program: str, last: tuple[str, ...]
) -> None:
    host.write(PROGRAM, program)
    host.run("iptables", "-t", "nat", "-P", "POSTROUTING", "ACCEPT")  # the chain stays when its first rule has gone
    before = look(host)
    plain = host.start((sys.executable, "-m", "netstrata", "run", "--quiet", PROGRAM), SOURCES)
    wait_until("all of it", lambda: all(text in look(host) for text in ("route default", *last)))
    unrestricted = look(host)
    plain.signal(signal.SIGTERM)
    assert plain.status() == 0
    assert look(host) == before

    systemd.call("start", UNIT)

    wait_until("the same in the service", lambda: look(host) == unrestricted)
    systemd.call("stop", UNIT)
    assert look(host) == before
    assert systemd.show(UNIT, "Result") == "success"


TRIES = {  # none of them would do this machine any harm, in the namespaces of the lab
    "write elsewhere": "touch /srv/touched",
    "see a home directory": "ls -A /root | grep .",
    "see files of others in /tmp": "ls /tmp/others",
    "mount": "mount -t tmpfs none /mnt",
    "make a network": "unshare --net true",
    "get a right back": "unshare --user --map-root-user true",
    "rename the host": "hostname other",
    "make a device": "mknod /run/null$$ c 1 3",
    "make a set-user-id file": "touch /run/suid && chmod 4755 /run/suid",
    "have a real-time priority": "chrt --fifo 1 true",
    "compile while it runs": f"{PYTHON} -c 'import mmap; mmap.mmap(-1, 4096, prot=7)'",
    "pretend to be another machine": "setarch i686 true",
}


def allowed(host: Host, systemd: Systemd) -> set[str]:
    """Return what a child of the daemon can do."""
    tries = [f"if ({words}) >/dev/null 2>&1; then echo '{what}'; fi" for what, words in TRIES.items()]
    host.write("/etc/netstrata/try", "\n".join((*tries, "echo end")))
    host.write(PROGRAM, 'process main { run({"/bin/sh", "-c", "sh /etc/netstrata/try > /run/tried"}, {}); }')
    host.write("/run/tried", "")
    systemd.run("touch", "/tmp/others")
    systemd.call("start", UNIT)
    wait_until("the last try", lambda: host.read("/run/tried").endswith("end\n"))
    return set(host.read("/run/tried").splitlines()) - {"end"}


def drop_in(heading: str) -> str:
    """Return the lines that docs/service.md gives for something."""
    text = (ROOT / "docs" / "service.md").read_text()
    return text.partition(f"\n{heading}")[2].partition("```ini\n")[2].partition("```")[0]


def test_a_child_of_the_daemon_can_do_none_of_what_the_unit_forbids(host: Host, systemd: Systemd) -> None:
    assert allowed(host, systemd) == set()


@pytest.mark.parametrize(
    ("heading", "more"),
    [
        ("Files elsewhere, and programs in home directories:", {"write elsewhere", "see a home directory"}),
        ("Anything, as before there was a sandbox:", set(TRIES)),
    ],
)
def test_a_drop_in_of_the_manual_allows_what_it_says(
    host: Host, systemd: Systemd, heading: str, more: set[str]
) -> None:
    systemd.install(UNIT, drop_in(heading))

    assert allowed(host, systemd) == more


@pytest.mark.parametrize(
    ("heading", "settings"),
    [
        ("PPPoE", {"RestrictAddressFamilies": ("AF_PPPOX", "AF_NETLINK")}),
        ("A modem", {"DeviceAllow": ("char-ttyUSB rw", "/dev/net/tun rw"), "PrivateDevices": ("no",)}),
        ("The statements", {"CapabilityBoundingSet": ("cap_sys_boot", "cap_net_raw"), "SystemCallFilter": ("reboot",)}),
        ("Modules", {"CapabilityBoundingSet": ("cap_sys_module",), "SystemCallFilter": ("finit_module", "openat")}),
    ],
)
def test_a_drop_in_of_the_manual_adds_to_the_unit(
    systemd: Systemd, heading: str, settings: dict[str, tuple[str, ...]]
) -> None:
    before = {name: systemd.show(UNIT, name) for name in settings}

    systemd.install(UNIT, drop_in(heading))

    for name, words in settings.items():
        shown = systemd.show(UNIT, name)
        assert [word for word in words if word not in shown] == []
        assert words[0] not in before[name]


def test_a_daemon_that_hangs_is_started_anew_and_all_stands_again(host: Host, systemd: Systemd) -> None:
    systemd.install(UNIT, "[Service]\nWatchdogSec=1\nRestartSec=0")
    host.write(
        PROGRAM,
        'process main { net.up("lan1"); daemon({"/bin/sleep", "1000"}); net.ipv4.addr("lan1", "192.0.2.1/24"); }',
    )
    systemd.call("start", UNIT)
    wait_until("its address", lambda: "addr 192.0.2.1" in host.kernel())
    stands = look(host)
    first = systemd.show(UNIT, "MainPID")

    systemd.run("kill", "-STOP", first)

    wait_until(
        "another daemon", lambda: systemd.show(UNIT, "NRestarts") == "1" and systemd.show(UNIT, "SubState") == "running"
    )
    wait_until("what stood", lambda: look(host) == stands)
    assert systemd.show(UNIT, "MainPID") != first


def test_children_of_a_daemon_that_is_killed_live_on_under_the_next_one(host: Host, systemd: Systemd) -> None:
    # systemd 252: with KillMode=mixed it kills all that is left in the control group when the daemon dies by a signal.
    systemd.install(UNIT, "[Service]\nRestartSec=0")
    host.write(
        PROGRAM,
        """process main {
            net.up("lan1"); net.ipv4.addr("lan1", "192.0.2.1/24");
            net.dnsmasq("lan1", ["range": {"192.0.2.10", "192.0.2.20"}]);
            daemon({"/bin/sleep", "1000"}, ["username": "nobody"]);
            println("complete");
        }""",
    )
    systemd.call("start", UNIT)
    wait_until("all of it", lambda: "complete\n" in host.read("/run/daemon.out"))
    kept = kept_children(host)
    first = systemd.show(UNIT, "MainPID")

    for killed in (1, 2):
        systemd.run("kill", "-KILL", systemd.show(UNIT, "MainPID"))
        wait_until("all of it again", lambda: host.read("/run/daemon.out").count("complete\n") == killed + 1)  # noqa: B023

    assert systemd.show(UNIT, "MainPID") != first
    assert (len(kept), kept_children(host)) == (2, kept)
    systemd.call("stop", UNIT)
    assert kept_children(host) == []
    assert systemd.show(UNIT, "Result") == "success"


STANDS = """process main {
    net.up("lan1"); net.ipv4.addr("lan1", "192.0.2.1/24");
    daemon({"/bin/sleep", "1000"});
    println("complete");
}"""


def began(host: Host, systemd: Systemd, *drop_ins: str) -> tuple[str, str, list[str]]:
    """Start the unit with a program that holds something; return its process, what stands, and its children."""
    systemd.install(UNIT, *drop_ins)
    host.write(PROGRAM, STANDS)
    systemd.call("start", UNIT)
    wait_until("all of it", lambda: complete(host, 1))
    return systemd.show(UNIT, "MainPID"), host.kernel(), kept_children(host)


def complete(host: Host, times: int) -> bool:
    """Say whether all has come up so often."""
    return host.read("/run/daemon.out").count("complete\n") == times


def sign_of_life(systemd: Systemd) -> int:
    """Return when systemd was told the last time that the daemon lives, in microseconds."""
    return int(systemd.show(UNIT, "WatchdogTimestampMonotonic"))


NETSTRATA = ("env", "PYTHONPATH=/run/lab/sources:/run/lab/packages", "LD_LIBRARY_PATH=/run/lab/python/lib", PYTHON,
             "-m", "netstrata")  # fmt: skip


def test_an_upgrade_as_packages_ask_for_it_changes_nothing(host: Host, systemd: Systemd) -> None:
    """systemd 252: READY=1 of the new program harms nothing."""
    (line,) = re.findall(r"^if systemctl .*netstrata upgrade.*$", (ROOT / "docs/service.md").read_text(), re.MULTILINE)
    line = line.replace("netstrata upgrade", " ".join((*NETSTRATA, "upgrade")))
    assert systemd.run("sh", "-c", line) == ""  # nothing runs that could be upgraded
    pid, stands, children = began(host, systemd, "[Service]\nWatchdogSec=2")

    systemd.run("sh", "-c", line)

    assert "upgraded from" in host.read("/run/daemon.log")
    assert complete(host, 2)
    assert (systemd.show(UNIT, "MainPID"), systemd.show(UNIT, "NRestarts")) == (pid, "0")
    assert (systemd.show(UNIT, "ActiveState"), systemd.show(UNIT, "SubState")) == ("active", "running")
    assert (host.kernel(), kept_children(host)) == (stands, children)
    host.write(PROGRAM, "process main {")
    with pytest.raises(Unavailable, match="cannot run this program"):
        systemd.run("sh", "-c", line)
    since = sign_of_life(systemd)
    wait_until("twice the time of the watchdog", lambda: sign_of_life(systemd) > since + 4_000_000)
    assert (systemd.show(UNIT, "MainPID"), systemd.show(UNIT, "SubState")) == (pid, "running")
    assert (host.kernel(), kept_children(host)) == (stands, children)
    systemd.call("stop", UNIT)
    assert systemd.show(UNIT, "Result") == "success"


def test_a_reload_changes_what_differs_and_nothing_if_it_is_refused(host: Host, systemd: Systemd) -> None:
    """systemd 252: the unit is `reloading` until the command ends; one that fails leaves it active."""
    pid, stands, children = began(host, systemd)
    host.write(PROGRAM, "process main {")

    with pytest.raises(Unavailable):
        systemd.call("reload", UNIT)

    assert "is refused, and nothing was changed" in host.read("/run/daemon.log")
    assert f" --> {PROGRAM}:1:15" in host.read("/run/daemon.log")
    assert (systemd.show(UNIT, "MainPID"), systemd.show(UNIT, "SubState")) == (pid, "running")
    assert (host.kernel(), kept_children(host)) == (stands, children)
    host.write(PROGRAM, STANDS.replace('println("complete");', 'net.ipv4.addr("lan1", "192.0.2.2/24");'))

    systemd.call("reload", UNIT)

    wait_until("the address", lambda: "addr 192.0.2.2/24 dev lan1" in host.kernel())
    assert set(stands.splitlines()) < set(host.kernel().splitlines())
    assert kept_children(host) == children  # has the process id that it had
    assert (systemd.show(UNIT, "MainPID"), systemd.show(UNIT, "NRestarts")) == (pid, "0")
    systemd.call("stop", UNIT)
    assert systemd.show(UNIT, "Result") == "success"


def test_a_service_that_watches_its_file_takes_it_when_it_changes(host: Host, systemd: Systemd) -> None:
    lines = drop_in("The program read again whenever").replace("/usr/bin/netstrata", f"{PYTHON} -m netstrata")
    pid, _, children = began(host, systemd, lines)

    host.write(PROGRAM, STANDS.replace('println("complete");', 'net.ipv4.addr("lan1", "192.0.2.2/24");'))

    wait_until("the address", lambda: "addr 192.0.2.2/24 dev lan1" in host.kernel())
    assert (systemd.show(UNIT, "MainPID"), kept_children(host)) == (pid, children)
    systemd.call("stop", UNIT)
    assert systemd.show(UNIT, "Result") == "success"


def test_a_restart_of_a_daemon_that_keeps_all_changes_nothing(host: Host, systemd: Systemd) -> None:
    run = f"{PYTHON} -m netstrata run --keep-on-stop {PROGRAM}"
    pid, stands, children = began(host, systemd, f"[Service]\nExecStart=\nExecStart={run}")

    systemd.call("restart", UNIT)

    wait_until("all of it again", lambda: complete(host, 2))
    assert systemd.show(UNIT, "MainPID") != pid
    assert (host.kernel(), kept_children(host)) == (stands, children)
    assert "dying" not in host.read("/run/daemon.log")
    systemd.call("stop", UNIT)
    assert (host.kernel(), kept_children(host)) == (stands, children)
    assert systemd.show(UNIT, "Result") == "success"


def test_a_unit_that_recovers_when_it_has_stopped_leaves_nothing_behind(host: Host, systemd: Systemd) -> None:
    (line,) = re.findall(r"^ExecStopPost=.*$", (ROOT / "docs" / "crashes.md").read_text(), re.MULTILINE)
    before = host.kernel()
    post = line.replace("/usr/bin/netstrata", f"{PYTHON} -m netstrata")
    _, stands, children = began(host, systemd, f"[Service]\nRestart=no\n{post}")

    systemd.run("kill", "-KILL", systemd.show(UNIT, "MainPID"))
    wait_until("its end", lambda: systemd.show(UNIT, "ActiveState") == "failed")

    assert (stands != before, len(children)) == (True, 1)
    assert (host.kernel(), kept_children(host)) == (before, [])
    assert systemd.show(UNIT, "Result") == "signal"


def test_children_of_a_daemon_that_is_not_started_again_are_ended_as_the_manual_says(
    host: Host, systemd: Systemd
) -> None:
    (command,) = re.findall(r"`systemctl (kill .*?)`", (ROOT / "docs" / "service.md").read_text())
    systemd.install(UNIT, "[Service]\nRestartSec=1000")
    host.write(PROGRAM, 'process main { daemon({"/bin/sleep", "1000"}); }')
    systemd.call("start", UNIT)
    wait_until("its child", lambda: len(kept_children(host)) == 1)
    systemd.run("kill", "-KILL", systemd.show(UNIT, "MainPID"))
    wait_until("a daemon that is to be started", lambda: systemd.show(UNIT, "SubState") == "auto-restart")
    systemd.call("stop", UNIT)
    left = kept_children(host)

    systemd.call(*command.split())

    assert len(left) == 1
    wait_until("nobody", lambda: kept_children(host) == [])


def kept_children(host: Host) -> list[str]:
    """Return the programs that the daemon keeps running, with their process ids."""
    lines = host.run("ps", "-ww", "-e", "-o", "pid=,args=").splitlines()
    return [line for line in lines if line.endswith("/bin/sleep 1000") or "--conf-file=/run/netstrata" in line]


def test_a_daemon_that_is_not_hung_lives_longer_than_its_watchdog(host: Host, systemd: Systemd) -> None:
    systemd.install(UNIT, "[Service]\nWatchdogSec=500ms")
    host.write(PROGRAM, 'process main { sleep("2000"); println("slept"); }')

    systemd.call("start", UNIT)

    wait_until("its output", lambda: "slept" in host.read("/run/daemon.out"))
    assert systemd.show(UNIT, "NRestarts") == "0"
    systemd.call("stop", UNIT)
    assert systemd.show(UNIT, "Result") == "success"


def test_network_online_waits_for_what_the_program_provides(host: Host, systemd: Systemd) -> None:
    """systemd 252: a unit that is WantedBy a target, and Before it, holds that target up."""
    systemd.install("netstrata-wait-online@.service")
    host.write("/run/systemd/system/network-online.target", "[Unit]\nDefaultDependencies=no\n")
    wants = "/run/systemd/system/network-online.target.wants"
    host.run("mkdir", "-p", wants)
    host.run("ln", "-s", "../netstrata-wait-online@.service", f"{wants}/netstrata-wait-online@internet.service")
    systemd.call("daemon-reload")
    host.write(PROGRAM, 'process main { net.backend.waitdevice("late0"); provide("internet"); }')
    systemd.call("start", UNIT)
    systemd.call("start", "--no-block", "network-online.target")

    wait_until("who waits", lambda: "asked for internet" in host.read("/run/daemon.log"))
    before = systemd.show("network-online.target", "ActiveState")
    host.run("ip", "link", "add", "late0", "type", "bridge")
    wait_until("the target", lambda: systemd.show("network-online.target", "ActiveState") == "active")

    assert before == "inactive"
    assert systemd.show("netstrata-wait-online@internet.service", "Result") == "success"
    systemd.call("stop", UNIT)
    assert systemd.show(UNIT, "Result") == "success"


def test_the_console_serves_in_its_restrictions(host: Host, systemd: Systemd) -> None:
    systemd.install("netstrata-console.service")
    host.run("groupadd", "--force", "netdev")  # /etc is the lab's

    systemd.call("start", "netstrata-console.service")

    def status(path: str) -> int:
        """Return the status of a page, 0 if nobody listens yet."""
        page = http.client.HTTPConnection("127.0.0.1", 8460, timeout=60)
        with contextlib.suppress(ConnectionRefusedError), contextlib.closing(page):
            page.request("GET", path)
            return page.getresponse().status
        return 0

    wait_until("the console", lambda: host.call(lambda: status("/")) == 403)  # it wants its token
    token = host.read("/var/lib/private/netstrata-console/token").strip()
    assert host.call(lambda: status(f"/?token={token}")) == 303
    assert systemd.show("netstrata-console.service", "NRestarts") == "0"
