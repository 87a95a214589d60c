"""Real routers on one end of a cable, and a program that hears them on the other."""

import sys
from pathlib import Path

from tests.kernel.backends.test_wpa_supplicant import peer

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

FACTS = (
    "routers", "prefixes", "routes", "dns_servers", "search", "mtu", "pref64", "captive_portal", "managed", "other",
)  # fmt: skip


class Hearing:
    """A daemon that prints what it hears, one line for each fact whenever that is another one."""

    def __init__(self, host: Host, folder: Path, facts: tuple[str, ...] = FACTS, *options: str) -> None:
        self.host = host
        self.folder = folder
        program = folder / "hearing.ncd"
        each = "".join(
            f'process {fact} {{ net.ipv6.ra("eth0") ra; to_string(ra.{fact}) text; println("{fact} = ", text);'
            f' rprintln("{fact} = gone"); }}\n'
            for fact in facts
        )  # fmt: skip
        program.write_text(f'process link {{ net.up("eth0"); }}\n{each}')
        control = str(folder / "ctl")
        self.daemon = host.start(
            (sys.executable, "-m", "netstrata", "run", "--control", control, *options, str(program))
        )

    def now(self, fact: str) -> str:
        """Return what the last line about a fact says."""
        lines = [line for line in self.daemon.output().splitlines() if line.startswith(f"{fact} = ")]
        return lines[-1].partition(" = ")[2] if lines else ""

    def wait(self, fact: str, value: str, timeout: float = 60) -> None:
        """Wait until a fact has a value."""
        wait_until(f"{fact} = {value}, not {self.now(fact)}", lambda: self.now(fact) == value, timeout)

    def why(self, process: str) -> str:
        """Return what the daemon answers to why."""
        command = f"{sys.executable} -m netstrata why {process} --control {self.folder / 'ctl'} || true"
        return self.host.run("sh", "-c", command)


def cabled(lab: Lab) -> tuple[Host, Host]:
    """Return a host and a router, whose links, eth0, have a cable between them."""
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (router, "eth0"))
    router.sysctl("net.ipv6.conf.all.forwarding", "1")
    router.ip("link set eth0 address 02:00:00:00:0a:01")
    router.up("eth0")
    return host, router


def radvd(router: Host, folder: Path, text: str, link: str = "eth0") -> Child:
    """Run radvd 2.19 on a link with what its configuration says of that."""
    program = peer(folder, "radvd", "usr/sbin/radvd")
    configure(folder, text, link)
    wait_until(
        "a link-local address", lambda: "fe80" in router.run("sh", "-c", f"ip -6 addr show dev {link} -tentative")
    )
    child = router.start(
        (program, "-n", "-C", str(folder / "radvd.conf"), "-m", "stderr", "-p", str(folder / "radvd.pid"))
    )
    child.wait_output("started")
    return child


def configure(folder: Path, text: str, link: str = "eth0") -> None:
    """Write radvd's configuration."""
    (folder / "radvd.conf").write_text(
        f"interface {link} {{ AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; {text} }};\n"
    )
