"""The resolver configuration where it cannot simply be replaced: bind mounts, read-only places, resolvconf.

Every test has a mount namespace of its own with an /etc of its own: the machine's is never touched.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import pytest
from tests.kernel.dns.private import FOUND, overlaid, run
from tests.system.dns.holding import Daemon
from tests.system.killed import killed, live_on, watching

from netstrata.contract import Holder
from netstrata.system.children import RealChildren
from netstrata.system.dns import DnsPort, ResolverConfiguration
from netstrata.system.filesystem.inotify import MOVED_TO
from netstrata.system.output.standard_output import StandardOutput
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel


class Told:
    """The statement in whose name lines are held."""

    title = "test.1 net.dns"

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.news = asyncio.Event()

    def is_redone_above(self, layer: int) -> bool:
        return False

    def awaits(self, what: str) -> None:
        raise AssertionError(what)

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Forget it."""

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Forget it."""

    def again(self, reason: str, wait_ms: int) -> None:
        raise AssertionError(reason)

    def mended(self, line: str) -> None:
        raise AssertionError(line)

    def hear(self, child: str, pid: int, line: str) -> None:
        raise AssertionError(line)

    def note(self, line: str, kind: str = "") -> None:
        self.lines.append(line)
        self.news.set()

    def lost(self, reason: Unavailable) -> None:
        raise AssertionError(reason)


class Losing(Told):
    """A statement that may lose its lines, or wait for them to be used."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = ""
        self.reasons: list[str] = []

    def awaits(self, what: str) -> None:
        self.awaited = what
        self.news.set()

    def lost(self, reason: Unavailable) -> None:
        self.reasons.append(str(reason))
        self.news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        while not holds():
            await asyncio.wait_for(self.news.wait(), 60)
            self.news.clear()


def resolver(who: Holder | None = None) -> DnsPort:
    return DnsPort(ResolverConfiguration(RealChildren(StandardOutput())), who)


def lines_while_held(etc: Path, *lines: bytes) -> list[str]:
    async def story() -> list[str]:
        async with resolver().held_lines(list(lines), 1):
            return (etc / "resolv.conf").read_text().splitlines()

    return asyncio.run(story())


def listing(etc: Path) -> list[str]:
    return sorted(name for name in os.listdir(etc) if name.startswith("resolv.conf"))


def without_comments(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("#")]


def test_a_bind_mounted_file_is_written_in_place_and_put_back(etc: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text(FOUND)
    run("mount", "--bind", str(mounted), "/etc/resolv.conf")

    lines = lines_while_held(etc, b"nameserver 192.0.2.1")

    assert without_comments(lines) == ["nameserver 192.0.2.1"]
    assert mounted.read_text() == FOUND
    assert listing(etc) == ["resolv.conf"]


def test_a_bind_mounted_file_comes_back_after_a_crash(etc: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text(FOUND)
    run("mount", "--bind", str(mounted), "/etc/resolv.conf")

    async def killed() -> None:
        await resolver().held_lines([b"nameserver 192.0.2.1"], 1).__aenter__()

    asyncio.run(killed())
    lines_while_held(etc, b"nameserver 192.0.2.2")

    assert mounted.read_text() == FOUND
    assert listing(etc) == ["resolv.conf"]


@pytest.mark.parametrize("after", [(), (1, 2), (3,)])
def test_whoever_writes_a_bind_mounted_file_may_be_killed_at_any_point(
    etc: Path, tmp_path: Path, after: tuple[int, ...]
) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text(FOUND)
    run("mount", "--bind", str(mounted), "/etc/resolv.conf")

    for at in count(1):
        was_killed = killed(tmp_path / "journal", Daemon(etc, 1, 2), at)
        problems = live_on(tmp_path / "journal", Daemon(etc, *after))
        assert (problems, mounted.read_text(), listing(etc)) == ([], FOUND, ["resolv.conf"]), f"killed at {at}"
        if not was_killed:
            break

    assert at > 20


def test_somebody_who_writes_a_bind_mounted_file_is_noticed(etc: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text(FOUND)
    run("mount", "--bind", str(mounted), "/etc/resolv.conf")

    async def story() -> list[str]:
        listener = Told()
        async with resolver(listener).held_lines([b"nameserver 192.0.2.1"], 1):
            intrude(mounted)
            await asyncio.wait_for(listener.news.wait(), 60)
            return mounted.read_text().splitlines()

    assert without_comments(asyncio.run(story())) == ["nameserver 192.0.2.1"]


def intrude(path: Path) -> None:
    path.write_text("intruder\n")


def test_a_writable_file_in_a_read_only_directory_is_written_in_place(etc: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text(FOUND)
    run("mount", "--bind", str(mounted), "/etc/resolv.conf")
    run("mount", "-o", "remount,bind,ro", "/etc")

    lines = lines_while_held(etc, b"nameserver 192.0.2.1")

    assert without_comments(lines) == ["nameserver 192.0.2.1"]
    assert mounted.read_text() == FOUND


def test_a_read_only_etc_is_unavailable(etc: Path) -> None:
    run("mount", "-o", "remount,bind,ro", "/etc")

    with pytest.raises(Unavailable, match=r"cannot write /etc/resolv\.conf: Read-only file system"):
        lines_while_held(etc, b"nameserver 192.0.2.1")

    assert (etc / "resolv.conf").read_text() == FOUND


def with_openresolv() -> None:
    overlaid("openresolv")
    Path("/etc/resolv.conf").unlink()
    run("/usr/sbin/resolvconf", "-a", "eth0.dhcp", stdin=FOUND)


def with_debian_resolvconf() -> None:
    overlaid("resolvconf")
    os.makedirs("/run/resolvconf/interface")
    Path("/etc/resolv.conf").unlink()
    Path("/etc/resolv.conf").symlink_to("/run/resolvconf/resolv.conf")
    run("/usr/sbin/resolvconf", "--enable-updates")
    run("/usr/sbin/resolvconf", "-a", "eth0.dhcp", stdin=FOUND)


@pytest.mark.parametrize("manager", [with_openresolv, with_debian_resolvconf])
def test_where_resolvconf_manages_the_file_it_is_told_and_not_overwritten(
    etc: Path, manager: Callable[[], None]
) -> None:
    manager()
    before = (etc / "resolv.conf").read_text()
    link = (etc / "resolv.conf").is_symlink()
    assert "192.0.2.99" in before

    lines = lines_while_held(etc, b"nameserver 192.0.2.1", b"search example.org")

    servers = [line for line in lines if line.startswith("nameserver")]
    assert servers == ["nameserver 192.0.2.1", "nameserver 192.0.2.99"]
    assert "search example.org" in lines
    assert (etc / "resolv.conf").read_text() == before
    assert (etc / "resolv.conf").is_symlink() == link


@pytest.mark.parametrize("manager", [with_openresolv, with_debian_resolvconf])
def test_a_file_that_resolvconf_makes_from_now_on_is_left_to_it(etc: Path, manager: Callable[[], None]) -> None:
    async def story() -> list[str]:
        listener = Losing()
        port = resolver(listener)
        async with port.held_lines([b"nameserver 192.0.2.1"], 1):
            manager()
            await listener.until(lambda: bool(listener.reasons))
        assert servers(etc) == ["nameserver 192.0.2.99"]
        async with port.held_lines([b"nameserver 192.0.2.1"], 1):
            assert servers(etc) == ["nameserver 192.0.2.1", "nameserver 192.0.2.99"]
        return listener.reasons

    assert asyncio.run(story()) == ["cannot hold name servers: resolvconf makes /etc/resolv.conf now"]
    assert servers(etc) == ["nameserver 192.0.2.99"]
    assert not (etc / "resolv.conf.netstrata-saved").exists()


def test_servers_are_waited_for_while_an_interface_is_exclusive(etc: Path) -> None:
    """As openresolv 3.12 does with `-x`, which a VPN's script says; Debian's resolvconf knows no such thing."""
    with_openresolv()

    def tunnel() -> None:
        run("/usr/sbin/resolvconf", "-x", "-a", "tun0", stdin="nameserver 192.0.2.77\n")

    async def story() -> None:
        listener = Losing()
        holding = resolver(listener).held_lines([b"nameserver 192.0.2.1"], 1)
        tunnel()
        entering = asyncio.create_task(holding.__aenter__())
        await listener.until(lambda: "exclusive" in listener.awaited)
        assert servers(etc) == ["nameserver 192.0.2.77"]
        assert not entering.done()
        run("/usr/sbin/resolvconf", "-d", "tun0")
        await asyncio.wait_for(entering, 60)
        assert listener.awaited == ""
        assert servers(etc) == ["nameserver 192.0.2.1", "nameserver 192.0.2.99"]
        tunnel()
        await listener.until(lambda: bool(listener.reasons))
        await holding.__aexit__(None, None, None)
        assert "exclusive" in listener.reasons[0]

    asyncio.run(story())
    assert servers(etc) == ["nameserver 192.0.2.77"]


def test_a_server_of_this_machine_asks_ours_too(etc: Path) -> None:
    """As where resolvconf has told a dnsmasq here of all servers, and the file names that alone."""
    with_openresolv()
    Path("/etc/resolvconf.conf").write_text('name_servers="127.0.0.1"\n')

    assert "nameserver 127.0.0.1" in lines_while_held(etc, b"nameserver 192.0.2.1")


def test_who_ends_while_it_waits_to_be_used_has_told_resolvconf_nothing(etc: Path) -> None:
    with_openresolv()
    run("/usr/sbin/resolvconf", "-x", "-a", "tun0", stdin="nameserver 192.0.2.77\n")

    async def story() -> None:
        listener = Losing()
        entering = asyncio.create_task(resolver(listener).held_lines([b"nameserver 192.0.2.1"], 1).__aenter__())
        await listener.until(lambda: "exclusive" in listener.awaited)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering

    asyncio.run(story())
    assert "netstrata" not in run("/usr/sbin/resolvconf", "-i")


def servers(etc: Path) -> list[str]:
    """Return the servers that are asked."""
    return [line for line in (etc / "resolv.conf").read_text().splitlines() if line.startswith("nameserver")]


@pytest.mark.parametrize("manager", [with_openresolv, with_debian_resolvconf])
def test_what_a_killed_daemon_told_resolvconf_is_kept_by_the_next_one_without_a_word_to_it(
    etc: Path, tmp_path: Path, manager: Callable[[], None]
) -> None:
    manager()
    before = (etc / "resolv.conf").read_text()
    killed(tmp_path / "journal", Daemon(etc, 1, 2, stays=True))
    left = (etc / "resolv.conf").read_text()
    folders = [Path(folder) for folder, _, _ in os.walk("/run/resolvconf")]

    with watching(etc, *folders) as changes:
        killed(tmp_path / "journal", Daemon(etc, 1, 2, stays=True))
        assert [change for change in changes() if change.mask & MOVED_TO] == []

    assert left.count("\nnameserver") == 3
    assert (etc / "resolv.conf").read_text() == left
    assert live_on(tmp_path / "journal", Daemon(etc, 1, 2)) == []
    assert (etc / "resolv.conf").read_text() == before


@pytest.mark.parametrize("manager", [with_openresolv, with_debian_resolvconf])
@pytest.mark.parametrize("after", [(), (2,), (3,)])
def test_what_a_killed_daemon_told_resolvconf_is_taken_back(
    etc: Path, tmp_path: Path, manager: Callable[[], None], after: tuple[int, ...]
) -> None:
    manager()
    before = (etc / "resolv.conf").read_text()
    killed(tmp_path / "journal", Daemon(etc, 1, 2, stays=True))
    next_one = Daemon(etc, *after)

    assert live_on(tmp_path / "journal", next_one) == []

    assert [line for line in next_one.text.splitlines() if line.startswith("nameserver")] == [
        f"nameserver 192.0.2.{server}" for server in (*after, 99)
    ]
    assert (etc / "resolv.conf").read_text() == before
