"""The console shows floors and lights as they are, and restarts what stands above one."""

import os
import re
import signal
import time
from pathlib import Path

from tests.clock import Clock
from tests.kernel.console.scene import FLOOR, LAMP, MARKS, SCREENS, Scene

from netstrata.cli.client import Connection
from netstrata.cli.demo.network import OFFICE
from netstrata.testing.child import wait_until

pytestmark = MARKS
PICTURE = os.environ.get("NETSTRATA_PICTURE")  # where the picture in README is to be written
SOON_MS = 200  # a light must have changed
WATCH_LAMP = """window.lampChanged = new Promise(done => {
    const lamp = document.querySelector('[data-process=wired] .lamp[data-layer="1"]');
    const watcher = new MutationObserver(() => {
        if (lamp.classList.contains('up')) return;
        watcher.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(Date.now() / 1000)));  // it has been drawn
    });
    watcher.observe(lamp, {attributes: true});
}); 0"""
WATCH_FLOORS = """window.wentUp = [];
new MutationObserver(changes => changes.forEach(({target}) => {
    if (target.matches('.floor.up')) wentUp.push(Number(target.dataset.statement));
})).observe(document.querySelector('[data-process=wired]'),
    {attributes: true, subtree: true, attributeFilter: ['class']}); 0"""

TOLD = """(() => {{
    const told = place => Number(/(\\d+) DISCOVERs unanswered/.exec(document.querySelector(place)?.textContent)?.[1]);
    const [why, floor] = [told("#detail .why"), told("{floor}")];
    return why === floor && why > {seen} && why;
}})()"""  # the count that both tell, once it is above the one that was seen


def test_floors_are_seen_to_go_up_one_on_the_other(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    scene.network.wire.pull(scene.laptop)
    scene.browser.wait(LAMP.format(1, "coming"))
    scene.browser.run(WATCH_FLOORS)

    scene.network.wire.plug(scene.laptop)
    scene.browser.wait(f"document.querySelector(\"{FLOOR.format(9)}\").classList.contains('up')")

    assert sorted(set(scene.browser.run("wentUp"))) == list(range(3, 10))
    assert scene.browser.run("wentUp") == sorted(scene.browser.run("wentUp"))


def test_a_light_goes_out_soon_after_its_cable_was_pulled(scene: Scene) -> None:
    scene.show("pyramids")
    taken = []
    for _ in range(8):
        scene.now()
        scene.browser.run(WATCH_LAMP)

        pulled, clock = time.time(), Clock()
        scene.network.wire.pull(scene.laptop)

        changed = scene.browser.run("lampChanged")
        assert changed > pulled
        taken.append((changed - pulled) * 1000 * clock.free)
        scene.network.wire.plug(scene.laptop)
    scene.now()

    print("milliseconds from the cable to the light: " + ", ".join(f"{ms:.0f}" for ms in sorted(taken)))
    assert sorted(taken)[2] < SOON_MS  # the others had to wait for ip to pull the cable


def test_restart_above_undoes_and_brings_up_exactly_the_floors_above(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    before = scene.browser.run("netstrata.history.last")

    scene.browser.click(FLOOR.format(3) + " [data-act=above]")
    told = scene.browser.wait("document.querySelector('dialog .undone')?.textContent")
    scene.browser.click("dialog [data-act=yes]")
    later = f"e.seq > {before} && e.process === 'wired'"
    scene.browser.wait(f"netstrata.history.events.some(e => {later} && e.what === 'complete')")

    assert told.startswith("9 multiprovide8 var dns_servers")
    moved = scene.browser.run(
        f"netstrata.history.events.filter(e => {later} && e.kind === 'transition').map(e => e.statement)"
    )
    assert sorted(set(moved)) == [4, 5, 6, 7, 8, 9]


def test_a_light_restarts_all_above_its_layer(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    before = scene.browser.run("netstrata.history.last")

    scene.browser.click("[data-process=wired] .lamp[data-layer='3']")
    told = scene.browser.wait("document.querySelector('dialog h2')?.textContent")
    scene.browser.click("dialog [data-act=yes]")
    later = f"e.seq > {before} && e.process === 'wired'"
    scene.browser.wait(f"netstrata.history.events.some(e => {later} && e.what === 'complete')")

    assert told == "Restart all above layer 3, addresses and routes?"
    moved = scene.browser.run(
        f"netstrata.history.events.filter(e => {later} && e.kind === 'transition').map(e => e.statement)"
    )
    assert sorted(set(moved)) == [6, 7, 8, 9]


def lights(scene: Scene) -> dict[str, dict[str, str]]:
    """Return the lights that the page shows."""
    found: dict[str, dict[str, str]] = scene.browser.run("""Object.fromEntries(
        [...document.querySelectorAll('.card.pyramid')].map(card => [card.dataset.process, Object.fromEntries(
            [...card.querySelectorAll('.lamp:not(.none)')].map(lamp => [lamp.dataset.layer,
                ['up', 'coming', 'down'].find(light => lamp.classList.contains(light))]))]))""")
    return found


def settled(daemon: Connection) -> bool:
    """Say whether all above the cable is undone, and the default route is complete without it."""
    wired, _, default = daemon.call("Status")["processes"]
    return default["state"] == "complete" and {floor["state"] for floor in wired["floors"][3:]} == {"gone"}


def test_lights_are_those_that_the_daemon_tells(scene: Scene) -> None:
    scene.show("pyramids")
    daemon = Connection(scene.path)
    for pulled in (False, True):
        scene.now()
        if pulled:
            scene.network.wire.pull(scene.laptop)
            scene.browser.wait(LAMP.format(1, "coming"))
            wait_until("the other uplink", lambda: settled(daemon))
        scene.browser.drawn()
        told = {process["process"]: process["lights"] for process in daemon.call("Status")["processes"]}
        wait_until(f"{told}", lambda told=told: lights(scene) == told)  # type: ignore[misc]
    scene.network.wire.plug(scene.laptop)
    scene.now()


def test_a_cable_that_is_pulled_is_named_as_the_cause_and_the_other_uplink_takes_over(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()

    scene.network.wire.pull(scene.laptop)

    scene.browser.run("netstrata.choose('wired', 3)")
    told = scene.browser.wait("document.querySelector('#detail .why .root')?.textContent")
    wait_until("the other uplink", lambda: "route default via 198.51.100.1 dev wlan0" in scene.laptop.kernel())
    scene.browser.wait("netstrata.state.get('default').state === 'complete'")
    assert told == "wired.3 net.backend.waitlink no carrier on eth0"
    if PICTURE:
        scene.browser.size(1440, 960, 1.25)
        scene.browser.wait("!document.querySelector('.toast') && new Promise(done => setTimeout(done, 500, true))")
        scene.browser.picture(Path(PICTURE))
        scene.browser.size(*SCREENS["wide"])
    scene.network.wire.plug(scene.laptop)
    scene.now()


def test_why_a_process_waits_is_told_anew_as_its_cause_changes(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    server = scene.network.servers[OFFICE]
    server.signal(signal.SIGSTOP)
    scene.browser.run("netstrata.choose('wired', 4)")

    Connection(scene.path).call("Restart", process="wired", statement=4)

    seen = 1
    try:
        for _ in range(2):
            seen = scene.browser.wait(TOLD.format(floor=FLOOR.format(4), seen=seen))
    finally:
        server.signal(signal.SIGCONT)
    scene.now()


def test_floors_are_reached_and_restarted_by_keys_alone(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    scene.browser.run("document.querySelector('[data-process=wired] [data-statement=\"1\"] .face').focus()")

    for _ in range(3):
        scene.browser.press("ArrowUp")
    scene.browser.press("Enter")
    title = scene.browser.wait("document.querySelector('#detail:not([hidden]) h2')?.textContent")
    scene.browser.press("a")
    asked = scene.browser.wait("document.querySelector('dialog h2')?.textContent")
    scene.browser.press("Escape")

    scene.browser.wait("!document.querySelector('dialog')")
    assert title == "net.ipv4.dhcp lease"
    assert asked == "Restart all above net.ipv4.dhcp?"
    scene.now()


def test_a_program_that_changes_is_seen_with_its_new_floors(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    text = scene.program.read_text()
    other = text.replace("process wired {", 'process wired { var("x") marked;')
    assert other != text
    floors = "document.querySelectorAll('[data-process=wired] .floor').length"
    before = scene.browser.wait(floors)

    Connection(scene.path, 60).call("Replace", process="wired", text=process_of(other, "wired"))

    scene.browser.wait(f"{floors} === {before + 1}")
    scene.now()
    Connection(scene.path, 60).call("Revert")
    scene.browser.wait(f"{floors} === {before}")
    scene.now()


UNANSWERED = """{ const real = window.fetch; let left = 12;
    window.fetch = (url, how) => url.startsWith('/api/status?') && left-- > 0
        ? Promise.reject(new TypeError('network changed')) : real(url, how); }"""


def test_a_question_that_gets_no_answer_is_asked_again(scene: Scene) -> None:
    """What stands above a floor that waits has no events: the page knows of it by asking."""
    scene.show("pyramids")
    scene.now()
    other = scene.program.read_text().replace("process wired {", 'process wired { depend("nobody") waiting;')
    floors = "document.querySelectorAll('[data-process=wired] .floor').length"
    before = scene.browser.wait(floors)
    connection = Connection(scene.path, 60)

    scene.browser.run(UNANSWERED)
    connection.call("Replace", process="wired", text=process_of(other, "wired"))

    scene.browser.wait(f"{floors} === {before + 1}")
    connection.call("Revert")
    scene.now()


def test_a_program_that_waits_to_be_confirmed_is_told_with_the_time_when_it_goes_back(scene: Scene) -> None:
    text = scene.program.read_text()
    other = text.replace("process wired {", 'process wired { var("x") marked;')
    line = "document.querySelector('.confirmation')"
    connection = Connection(scene.path, 60)

    connection.call("Replace", process="wired", text=process_of(other, "wired"), confirm=300)
    told = scene.browser.wait(f"!{line}.hidden && {line}.textContent")
    connection.call("Confirm")
    scene.browser.wait(f"{line}.textContent.includes('was confirmed: it stays')")
    connection.call("Revert")
    scene.now()

    assert re.fullmatch(
        r"A change by uid 0 waits to be kept by `netstrata confirm`; else it goes back by itself at [\d:]{8}\. .*",
        told,
    )


def process_of(text: str, name: str) -> str:
    """Return one process of a program's text, whose closing brace stands alone."""
    return text[text.index(f"process {name} {{") :].partition("\n}")[0] + "\n}"
