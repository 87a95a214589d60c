"""The story: what happens to the laptop, and what must be true after each step."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from netstrata.cli.demo.network import CAFE, NEW_OFFICE, OFFICE, RENEWAL_S, URL, Network, Uplink
from netstrata.cli.demo.records import Records, Transition
from netstrata.cli.demo.screen import RED, Screen
from netstrata.values import Unavailable

PROGRAM = Path(__file__).with_name("two-uplinks.ncd")
TIMEOUT_S = 20.0
TICK_S = 0.02
# Leases are kept on purpose: the next start asks for the same addresses.
KEPT = "laptop: file /var/lib/netstrata/"


class Outcome(NamedTuple):
    """How one step went."""

    name: str
    passed: bool
    seconds: float
    text: str


class StoryResult:
    """How the whole story went."""

    def __init__(self) -> None:
        self.steps: list[Outcome] = []
        self.left_behind: list[str] = []

    @property
    def passed(self) -> bool:
        """Whether every step came true, and nothing is left."""
        return all(step.passed for step in self.steps) and not self.left_behind

    def as_json(self) -> dict[str, Any]:
        """Return what --json prints."""
        steps = []
        for step in self.steps:
            told: dict[str, Any] = {"name": step.name, "passed": step.passed, "seconds": round(step.seconds, 3)}
            if not step.passed:
                told["reason"] = step.text
            steps.append(told)
        return {"passed": self.passed, "steps": steps, "left_behind": self.left_behind}


class Story:
    """Runs the daemon on the laptop, and tells the story step by step."""

    def __init__(self, network: Network, screen: Screen) -> None:
        """Prepare to tell it."""
        self._network = network
        self._laptop = network.laptop
        self._screen = screen
        self._records = Records()
        self._seen: list[Transition] = []
        self._account = StoryResult()
        self._acted_s = 0.0

    def tell(self, keep_going: bool) -> StoryResult:
        """Start the daemon, tell every step up to the first that fails, and end the daemon in any case."""
        self._introduce()
        steps: list[tuple[str, str, Callable[[], str]]] = [
            ("boot", "The laptop boots. Both links get a lease; the wired one is preferred.", self._boot),
            ("cable pulled", "Somebody pulls the cable.", self._cable_pulled),
            ("cable back", "The cable is back.", self._cable_back),
            ("lease renewed", "The lease is renewed, and nothing moves.", self._lease_renewed),
            ("router replaced", "Another router takes over the office, with another network.", self._router_replaced),
        ]
        self._network.lab.remember(self._laptop)
        self._daemon = self._laptop.start(
            [sys.executable, "-m", "netstrata", "run", "--record", self._records.path, str(PROGRAM)],
            files=(self._records.fd,),
        )
        for number, (name, title, act) in enumerate(steps, 1):
            self._screen.title(number, title)
            if not self._step(name, act) and not keep_going:
                break
        self._screen.title(len(steps) + 1, "The daemon is told to end. All is undone, in exact reverse order.")
        self._step("end", self._end)
        self._account.left_behind = [line for line in self._network.lab.leftovers() if KEPT not in line]
        self._conclude()
        self._records.close()
        return self._account

    def _introduce(self) -> None:
        for line in (
            "A laptop with two uplinks, in namespaces of this machine. It runs the real daemon, and the routers run",
            "real DHCP servers; nothing outside is touched.",
            "",
            "   laptop eth0  --+-- office      192.0.2.0/24    --+",
            "                  +-- new office  10.7.0.0/24     --+-- internet: www.example.org",
            "   laptop wlan0 ----- cafe        198.51.100.0/24 --+",
            "",
            f"Its program: {PROGRAM}",
        ):
            self._screen.say(line)

    def _conclude(self) -> None:
        account = self._account
        self._screen.rest()
        self._screen.say()
        for line in account.left_behind:
            self._screen.say(f"   left behind: {line}", RED)
        if account.passed:
            self._screen.say("All came true. Links, addresses, routes, files and programs of the laptop are as before.")
        else:
            failed = [step.name for step in account.steps if not step.passed]
            self._screen.say(f"Not all came true: {', '.join(failed) or 'something was left behind'}.", RED)

    def _step(self, name: str, act: Callable[[], str]) -> bool:
        self._acted_s = began = time.monotonic()
        try:
            passed, text = True, act()
        except Unavailable as failure:
            passed, text = False, f"{failure}{self._last_words()}"
        self._read()
        outcome = Outcome(name, passed, time.monotonic() - began, text)
        self._account.steps.append(outcome)
        self._screen.result(passed, text, outcome.seconds)
        self._screen.linger()
        return passed

    def _last_words(self) -> str:
        lines = self._daemon.output().splitlines()[-5:]
        return "".join(f"\n          netstrata: {line}" for line in lines)

    def _read(self) -> None:
        new = self._records.read_new()
        self._seen.extend(record for record in new if isinstance(record, Transition))
        self._screen.show(new)

    def _until(self, what: str, missing: Callable[[], str]) -> None:
        """Wait until nothing is missing, showing the pyramid meanwhile."""
        end = time.monotonic() + TIMEOUT_S
        while reason := missing():
            self._read()
            if not self._daemon.running:
                raise Unavailable(f"see {what}", f"the daemon ended with status {self._daemon.status()}")
            if time.monotonic() > end:
                raise Unavailable(f"see {what}", f"{reason}, after {TIMEOUT_S:g} s")
            time.sleep(TICK_S)
        self._read()

    # The steps: each acts, waits for what must come true, and returns what to say of it.

    def _boot(self) -> str:
        self._until("both leases", self._without_address)
        return self._online(OFFICE)

    def _without_address(self) -> str:
        text = self._laptop.kernel()
        without = [up.link for up in (OFFICE, CAFE) if f"addr {up.network}" not in text]
        return f"{' and '.join(without)} without an address" if without else ""

    def _cable_pulled(self) -> str:
        self._network.wire.pull(self._laptop)
        return self._online(CAFE) + self._moved()

    def _cable_back(self) -> str:
        self._network.wire.plug(self._laptop)
        return self._online(OFFICE) + self._moved()

    def _lease_renewed(self) -> str:
        server = self._network.servers[OFFICE]
        granted = server.output().count("DHCPACK")
        changes = len(self._seen)
        self._until("a renewal", lambda: "" if server.output().count("DHCPACK") > granted else "no renewal came")
        moved = [change for change in self._seen[changes:] if change.after != change.before]
        if moved:
            raise Unavailable("renew quietly", f"{moved[0].process}.{moved[0].statement} went {moved[0].after}")
        return f"{self._online(OFFICE)}; renewed every {RENEWAL_S} s"

    def _router_replaced(self) -> str:
        network = self._network
        network.wire.pull(network.routers[OFFICE])
        network.wire.plug(network.routers[NEW_OFFICE])
        said = self._online(NEW_OFFICE)
        if "DHCPNAK" not in network.servers[NEW_OFFICE].output():
            raise Unavailable("see the old lease refused", "the new server sent no NAK")
        return f"{said}; the old lease was refused"

    def _end(self) -> str:
        self._daemon.signal(signal.SIGTERM)
        status = self._daemon.status(TIMEOUT_S)
        self._read()
        if status:
            raise Unavailable("end in good order", f"exit status {status}")
        standing = [name for name in self._screen.floors.processes() if self._screen.floors.standing(name)]
        if standing:
            raise Unavailable("end in good order", f"floors of {', '.join(standing)} still stand in the record")
        return "the laptop is as it was"

    def _online(self, uplink: Uplink) -> str:
        """Wait until the laptop uses an uplink and no other; fetch the page through it; say so."""
        self._until(f"{uplink.name} in use", lambda: self._difference(uplink))
        page = self._laptop.fetch(URL)
        if f"Hello, {uplink.network}" not in page:
            raise Unavailable(f"fetch {URL} through {uplink.name}", f"the page says {page.strip()!r}")
        return f"{uplink.route.removeprefix('route ')}; nameserver {uplink.router}; the page says {page.strip()!r}"

    def _difference(self, uplink: Uplink) -> str:
        """Say what keeps the laptop from using an uplink, "" if nothing does."""
        routes = [line for line in self._laptop.kernel().splitlines() if line.startswith("route default")]
        counts = [line for line in routes if " metric " not in line and " table " not in line]
        if counts != [uplink.route]:
            return f"the laptop has {'; '.join(counts) or 'no default route'} instead of {uplink.route}"
        servers = [line for line in self._laptop.read("/etc/resolv.conf").splitlines() if line.startswith("nameserver")]
        if servers[:1] != [f"nameserver {uplink.router}"]:
            return f"resolv.conf has {'; '.join(servers) or 'no name server'} instead of {uplink.router} as the first"
        return ""

    def _moved(self) -> str:
        """Say how long the default route took to move, by the daemon's own clock, which is ours."""
        for change in reversed(self._seen):
            if change.name == "net.gateway" and change.after in ("up", "gone"):
                return f"; moved in {1000 * (change.monotonic_s - self._acted_s):.0f} ms"
        return ""
