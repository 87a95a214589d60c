"""A laptop with a daemon, its console, and a real browser that looks at it."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.console.browser import CHROMIUM, Browser

import netstrata
from netstrata.cli.demo.network import Network
from netstrata.testing.child import Child, wait_until

MARKS = [
    pytest.mark.kernel,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed; Debian has it in chromium"),
    pytest.mark.xdist_group("console"),
]

SOURCES = Path(netstrata.__file__).parents[1]
PROGRAM = Path(__file__).with_name("two-uplinks.ncd")
SCREENS = {"wide": (1280, 860, 1.0), "phone": (360, 740, 2.0)}
FLOOR = "[data-process=wired] [data-statement='{}']"
LAMP = "document.querySelector('[data-process=wired] .lamp[data-layer=\"{}\"]').classList.contains('{}')"
SEEN = """Object.fromEntries([...document.querySelectorAll('.card.pyramid')].map(card => [card.dataset.process,
    Object.fromEntries([...card.querySelectorAll('.floor')].map(floor => [floor.dataset.statement,
        ['up', 'down', 'dying', 'gone'].find(state => floor.classList.contains(state))])
        .filter(([, state]) => state !== 'gone'))]))"""


def nobody_is_known() -> bool:
    """Say whether there is a user `nobody` in this user namespace, or only root."""
    lines = Path("/proc/self/uid_map").read_text().splitlines()
    return any(int(first) <= 65534 < int(first) + int(count) for first, _, count in map(str.split, lines))


class Scene:
    """A laptop with a daemon, a console and a browser, and two networks around it."""

    def __init__(self, network: Network, folder: Path, program: Path, user: str = "") -> None:
        self.network = network
        self.laptop = network.laptop
        self.folder = folder
        self.program = program
        self.path = str(folder / "control")
        self.laptop.run("groupadd", "--system", "--force", "netdev")
        self.daemon = self.start_daemon()
        words = ["--user", user or "root"] if user or not nobody_is_known() else []
        self.console = self.start("console", "--port", "0", "--control", self.path, *words)
        self.console.wait_output("open http")
        url = self.console.output().partition("open ")[2].split()[0]
        self.origin = url.partition("/#")[0].rstrip("/")
        self.browser = Browser(folder, lambda words, files: self.laptop.start(words, None, files))
        self.browser.size(*SCREENS["wide"])
        self.browser.open(url)
        self.browser.wait("window.netstrata?.history.ready")

    def start(self, *words: str) -> Child:
        """Start a command of ours on the laptop."""
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        return self.laptop.start([sys.executable, "-m", "netstrata", *words], environment)

    def start_daemon(self) -> Child:
        """Start the daemon."""
        daemon = self.start("run", "--quiet", "--control", self.path, str(self.program))
        wait_until("the control socket", lambda: os.path.exists(self.path))
        return daemon

    def show(self, view: str) -> None:
        """Go to a view."""
        self.browser.run(f"location.hash = '#/{view}'")
        self.browser.wait(f"document.querySelector('#nav a[data-view={view}][aria-current]')")
        self.browser.drawn()

    def write(self, selector: str, text: str) -> None:
        """Have a field hold a text, as if somebody had typed it."""
        self.browser.run(
            f"{{ const field = document.querySelector({json.dumps(selector)}); field.value = {json.dumps(text)};"
            " field.dispatchEvent(new Event('input')); }"
        )

    def now(self) -> None:
        """Look at now, with all complete."""
        self.browser.run("netstrata.look(null); netstrata.choose(null)")
        self.browser.wait(
            "netstrata.state.size && [...netstrata.state.values()].every(process => process.state === 'complete')"
        )
        self.browser.drawn()

    def close(self) -> None:
        """End what was started."""
        self.browser.close()
        for child in (self.console, self.daemon):
            child.end()


def replayed(events: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return what stands after all events up to one: the processes, and of each the floors that exist."""
    found: dict[str, dict[str, str]] = {}
    for event in events:
        floors = found.setdefault(event["process"], {}) if event["process"] else {}
        if event["kind"] == "transition":
            floors[str(event["statement"])] = event["to"]
    return {name: {n: s for n, s in sorted(floors.items()) if s != "gone"} for name, floors in found.items()}
