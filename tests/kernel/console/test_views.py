"""Each view of the console, on each screen."""

import json
import sys
from collections.abc import Callable
from typing import Any

from tests.kernel.console.scene import MARKS, SCREENS, Scene

from netstrata.testing.child import wait_until

pytestmark = MARKS
VIEWS = ("pyramids", "graph", "timeline", "links", "files", "goals", "source")
PRESSED = ("button", "link", "searchbox", "slider", "checkbox", "switch", "tab")
BUSY = """import socket, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    while True:
        udp.sendto(bytes(1400), ("192.0.2.1", 9))
        time.sleep(0.001)
"""


def test_the_time_line_shows_what_its_filters_let_through(scene: Scene) -> None:
    scene.now()
    scene.show("timeline")
    chip = ".timeline [data-value='{}']"
    told = "document.querySelector('.timeline .summary').textContent.split(' ')[0].replace(',', '')"

    def shown(let_through: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Wait until just so many events are shown as are let through, of all that have come by then."""
        wanted: list[dict[str, Any]] = []

        def as_many() -> bool:
            count, events = scene.browser.run(f"[Number({told}), netstrata.history.events]")
            wanted[:] = filter(let_through, events)
            return bool(count == len(wanted))

        wait_until("as many events as are let through", as_many)
        return wanted

    scene.browser.click(chip.format("transition"))
    shown(lambda e: e["kind"] == "transition")
    scene.browser.click(chip.format(3))
    shown(lambda e: e["kind"] == "transition" and e["layer"] == 3)
    typed = (
        "{{ const input = document.querySelector('{}'); input.value = '{}'; input.dispatchEvent(new Event('input')); }}"
    )
    scene.browser.run(typed.format(".timeline input[list=processes]", "wired"))
    shown(lambda e: e["kind"] == "transition" and e["layer"] == 3 and e["process"] == "wired")
    scene.browser.run(typed.format(".timeline .search input", "DHCP"))
    wanted = shown(
        lambda e: e["kind"] == "transition" and e["layer"] == 3 and e["process"] == "wired" and "dhcp" in e["name"]
    )

    assert wanted != []
    places = "[...document.querySelectorAll('.event:not([hidden]) .place')].map(e => e.textContent)"
    scene.browser.wait(f"[...new Set({places})].join() === 'wired.4'")
    for selector in (".timeline input[list=processes]", ".timeline .search input"):
        scene.browser.run(typed.format(selector, ""))
    for value in ("transition", 3):
        scene.browser.click(chip.format(value))
    shown(lambda e: True)


def test_every_view_opens_by_its_key_and_fits_on_every_screen(scene: Scene) -> None:
    scene.now()
    for name, screen in SCREENS.items():
        scene.browser.size(*screen, touch=name == "phone")
        for number, view in enumerate(VIEWS, 1):
            scene.browser.press(str(number))
            scene.browser.wait(f"location.hash === '#/{view}' && document.querySelector('#main > .view')")
            scene.browser.drawn()
            wide = scene.browser.run(
                "Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth)"
            )
            assert wide <= screen[0], (view, name)
    scene.browser.size(*SCREENS["wide"])


def test_whatever_can_be_pressed_or_filled_in_has_a_name(scene: Scene) -> None:
    scene.now()
    for view in VIEWS:
        scene.show(view)
        nodes = scene.browser.send("Accessibility.getFullAXTree")["nodes"]
        roles = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
        asked = [(role, name) for role, name in roles if role in PRESSED]
        assert len(asked) > 8
        assert [role for role, name in asked if not name.strip()] == [], view


def test_nothing_comes_from_anywhere_else(scene: Scene) -> None:
    names = scene.browser.run("performance.getEntriesByType('resource').map(entry => entry.name)")
    origin = scene.browser.run("location.origin")

    assert len(names) > 10
    assert [name for name in names if not name.startswith(f"{origin}/")] == []
    assert "token" not in scene.browser.run("location.href")


def test_links_and_their_traffic_are_shown_each_second(scene: Scene) -> None:
    scene.show("links")
    scene.browser.wait("document.querySelectorAll('.card.link').length >= 3")
    rate = "document.querySelector('[aria-label=\"Link eth0\"] .rates b').textContent"
    scene.browser.wait(f"{rate} !== '…'")

    busy = scene.laptop.start([sys.executable, "-c", BUSY])

    scene.browser.wait(f"/[kM]B/.test({rate})")
    busy.end()
    told = scene.browser.run("document.querySelector('[aria-label=\"Link eth0\"]').textContent")
    assert "up, with carrier" in told
    assert "used by" in told


WIRELESS = {
    "name": "wlan7", "index": 7, "kind": "wifi", "up": True, "carrier": True, "mtu": 1500, "ssid": "<b>cafe</b>",
    "signal_dbm": -58, "quality": 72, "bitrate_mbps": 86.7, "rx_bytes": 1000, "tx_bytes": 2000, "rx_packets": 10,
    "tx_packets": 20, "rx_errors": 1, "tx_errors": 0, "rx_dropped": 0, "tx_dropped": 2, "processes": ["wireless"],
}  # fmt: skip
TAKE = """(async () => {{
    const {{ Links }} = await import('/links.js');
    const view = new Links(netstrata);
    document.querySelector('main').replaceChildren(view.element);
    for (let i = 0; i < 60; i++) {{
        const now = {{quality: 60 + Math.round(25 * Math.sin(i / 6)), rx_bytes: 1000 + i * i * 2000}};
        view.take([{{...{link}, ...now}}], 1000 + i);
    }}
    return view.element.textContent;
}})()"""


def test_a_wireless_link_has_its_reception_plotted(scene: Scene) -> None:
    scene.show("goals")
    told = scene.browser.run(TAKE.format(link=json.dumps(WIRELESS)))

    drawn = scene.browser.run("""[...document.querySelectorAll('.plot')].map(canvas => {
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return new Set(pixels.filter((_, i) => i % 4 === 3)).size;
    })""")
    scene.show("pyramids")

    assert "-58 dBm · <b>cafe</b> · 86.7 Mbit/s" in told
    assert "234 kB/s" in told  # 59 * 59 less 58 * 58, times 2,000 bytes, in a second
    assert len(drawn) == 2
    assert min(drawn) > 3


def test_the_programs_text_has_each_lines_state_beside_it(scene: Scene) -> None:
    scene.now()
    scene.show("source")
    beside = scene.browser.wait("""[...document.querySelectorAll('.codeline:not([hidden])')]
        .filter(line => line.querySelector('code').textContent.trim().startsWith('net.ipv4.dhcp'))
        .map(line => line.querySelector('.beside').textContent).find(text => text)""")

    lines = scene.browser.run("""[...document.querySelectorAll('.codeline:not([hidden])')].map(line => [
        line.querySelector('code').textContent.trim(),
        line.classList.contains('up')])""")

    states = dict(lines)
    assert states['net.backend.waitlink("eth0");'] is True
    assert states["process wired {"] is False
    assert beside.startswith("addr ")


def test_who_may_only_steer_is_offered_no_edit_and_told_why(scene: Scene) -> None:
    if scene.browser.run("netstrata.about.right") == "change":  # there is no other user in this namespace
        return
    scene.show("source")
    scene.browser.wait("document.querySelector('.sources .summary').textContent.includes('only root and the daemon')")

    assert scene.browser.run("document.querySelectorAll('a.edit:not([hidden])').length") == 0
    scene.browser.run("location.hash = '#/edit/wired'")
    scene.browser.wait("document.querySelector('#why-not')?.textContent.startsWith('Only root')")
    assert scene.browser.run("document.querySelector('.editing [data-act=apply]').disabled")
    scene.show("pyramids")
