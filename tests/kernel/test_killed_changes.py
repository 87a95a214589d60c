"""A daemon that is killed while a program waits to be confirmed: it goes back, unless somebody has confirmed it.

Each round has a daemon and a host of its own.  The next daemon is started as a service manager would: at once, with the
same words.
"""

import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.kernel.filters.programs import SOURCES

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
ROUNDS, AT_ONCE, SEED = 50, 5, 12
CONFIRM_S = 1
OLD = """
process uplink {
    net.bridge("up0");
    net.up("up0");
    net.ipv4.addr("up0", "192.0.2.1/24");
    net.ipv4.route("198.51.100.0/24", "192.0.2.254", "20", "up0");
    provide("UPLINK");
}
process lan { depend("UPLINK"); net.bridge("lan0"); net.ipv4.addr("lan0", "10.0.0.1/24"); println("all is up"); }
"""
NEW = OLD.replace("192.0.2.1/24", "192.0.2.2/24").replace("lan0", "lan1")
FILES = {"old": OLD, "new": NEW}


class Round(NamedTuple):
    """When what happens, in seconds after the daemon has taken up what `reload` asks for; None is never."""

    kills: list[float]  # the second one after the next daemon was started
    confirm: float | None


def rounds() -> list[Round]:
    """Return them: half of the kills are while the program is read, kept and changed, others until it has gone back."""
    dice = random.Random(SEED)
    found = []
    for number in range(ROUNDS):
        spans = [dice.choice((0.06, CONFIRM_S + 0.6)) for _ in range(1 + number % 2)]
        confirm = dice.uniform(0, CONFIRM_S) if number % 3 == 0 else None
        found.append(Round([dice.uniform(0, span) for span in spans], confirm))
    return found


class Machine:
    """A host with a daemon that a service manager starts again."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.program = folder / "program.ncd"
        self.path = str(folder / "control")
        where = ["--control", self.path, "--state", str(folder / "state")]
        self._words = [sys.executable, "-m", "netstrata", "run", "--quiet", *where, str(self.program)]
        self.log: list[str] = []
        self.program.write_text(OLD)
        self.daemon = self.start()

    def start(self) -> Child:
        """Start a daemon."""
        self.daemon = self.host.start(self._words, {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"})
        return self.daemon

    def kill(self) -> None:
        """End the daemon as an error of ours would."""
        os.kill(self.daemon.pid, signal.SIGKILL)
        self.daemon.status()
        self.log.append(self.daemon.output())

    def ask(self, verb: str, **given: int) -> bool:
        """Ask as often as it takes until a daemon answers, as people would; say whether it did what it was asked."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                Connection(self.path).call(verb, **given)
            except NoDaemon:
                time.sleep(0.01)
            except Refusal as refusal:
                self.log.append(f"{verb}: {refusal.name} {refusal.parameters}")
                return False
            else:
                return True
        raise AssertionError("no daemon answers")

    def is_waited_for(self) -> bool:
        """Say whether a program waits still, or is on its way."""
        time.sleep(0.05)
        try:
            return "awaited" in Connection(self.path).call("Program")
        except NoDaemon:
            return True


def play(machine: Machine, plan: Round, wanted: dict[str, str]) -> list[str]:
    """Reload, kill and confirm; return what is wrong in the end.

    A daemon that is killed before it knows of the reload is followed by one that runs what the file says, as always.
    """
    machine.daemon.wait_output("all is up")
    machine.program.write_text(NEW)
    began = time.monotonic()
    confirmed: list[bool] = []
    threads = [threading.Thread(target=reload_once, args=(machine,))]
    if plan.confirm is not None:
        threads.append(threading.Thread(target=confirm_after, args=(machine, plan.confirm, confirmed)))
    threads[0].start()
    wait_until(
        "the first thing that is written down", lambda: any(machine.program.parent.glob("state/programs/*/state"))
    )
    for thread in threads[1:]:
        thread.start()
    for moment in plan.kills:
        time.sleep(moment)
        machine.kill()
        machine.start()
    for thread in threads:
        thread.join()
    time.sleep(max(0.0, began + CONFIRM_S + 1 - time.monotonic()))
    wait_until("the end of the time to confirm", lambda: not machine.is_waited_for())
    right = "new" if confirmed == [True] else "old"
    try:
        wait_until(f"the {right} one", lambda: stands_now(machine.host) == wanted[right], 20)
    except Unavailable as problem:
        return [f"{plan} {confirmed}: {problem}", machine.host.kernel(), *machine.log, machine.daemon.output()]
    return []


def confirm_after(machine: Machine, delay_s: float, confirmed: list[bool]) -> None:
    """Confirm after a while, and say whether that was done."""
    time.sleep(delay_s)
    confirmed.append(machine.ask("Confirm"))


def stands_now(host: Host) -> str:
    """Return what the kernel holds, but not so often that daemons have no time."""
    time.sleep(0.1)
    return host.kernel()


def reload_once(machine: Machine) -> None:
    """Ask for the new program, once; the daemon may be killed before it answers."""
    try:
        Connection(machine.path).call("Reload", confirm=CONFIRM_S)
    except NoDaemon as problem:
        machine.log.append(f"reload: {problem}")


def test_a_daemon_killed_at_fifty_moments_has_the_old_program_or_the_confirmed_one(lab: Lab, tmp_path: Path) -> None:
    hosts = [lab.host(f"host{number}") for number in range(AT_ONCE)]
    lab.remember()
    wanted = {name: stands(hosts[0], tmp_path / name, text) for name, text in FILES.items()}
    assert wanted["old"] != wanted["new"]
    plans = rounds()

    def one(number: int) -> list[str]:
        host = free.pop()
        folder = tmp_path / str(number)
        folder.mkdir()
        machine = Machine(host, folder)
        wrong = play(machine, plans[number], wanted)
        machine.daemon.end()
        if host.kernel() != "":
            wrong.append(f"left: {host.kernel()}")
        free.append(host)
        return wrong

    free = hosts[:]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [line for lines in pool.map(one, range(ROUNDS)) for line in lines]

    assert wrong == [], "\n".join(wrong)


def stands(host: Host, folder: Path, text: str) -> str:
    """Return what the kernel holds when a program is up."""
    folder.mkdir()
    machine = Machine(host, folder)
    machine.kill()
    machine.program.write_text(text)
    machine.start().wait_output("all is up")
    found = host.kernel()
    machine.daemon.end()
    return found
