"""The console when the daemon is killed, and when very much happens."""

import json

from tests.clock import Clock
from tests.kernel.console.scene import MARKS, SEEN, Scene, replayed

from netstrata.cli.client import Connection

pytestmark = MARKS
MANY = "".join(
    f'process user{n} {{ depend("LAN") lan; var("{n}") number; provide("USER{n}"); }}\n' for n in range(1000)
)
BAD = "<img src=x onerror=window.bad=1>"
FLOOD = (
    f'process bad {{ var("{BAD}") v; }}'
    + """
process lan { var("eth0") link; provide("LAN"); }
process flood {
    backtrack_point() p; sleep("20");
    Foreach ({"a", "b", "c", "d", "e", "f", "g", "h"} As x) { var(x) y; var(y) z; };
    p->go();
}
"""
)
SCROLL = """new Promise(done => {
    const list = document.querySelector('.virtual'), frames = [];
    let last = performance.now();
    const next = () => {
        const now = performance.now();
        frames.push(now - last);
        last = now;
        if (list) list.scrollTop += 400;
        if (frames.length < 60) requestAnimationFrame(next);
        else done(frames.sort((a, b) => a - b).map(Math.round));
    };
    requestAnimationFrame(next);
})"""


def test_the_page_goes_on_when_the_daemon_was_killed_and_started_again(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    epoch = scene.browser.run("netstrata.about.epoch")

    scene.daemon.signal(9)
    scene.daemon.status()
    banner = scene.browser.wait(
        "!document.getElementById('banner').hidden && document.getElementById('banner').textContent"
    )
    scene.daemon = scene.start_daemon()
    scene.browser.wait(f"netstrata.about.epoch > {epoch} && document.getElementById('banner').hidden")
    scene.now()

    assert "What is shown is what was last seen" in banner
    scene.browser.logged.clear()  # it has asked while nobody answered
    scene.browser.drawn()
    assert scene.browser.run(SEEN) == replayed(Connection(scene.path).call("Watch", after=0)["events"])


def test_the_page_goes_on_when_the_daemon_is_upgraded_in_place(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    epoch, life = (scene.browser.run(f"netstrata.{name}") for name in ("about.epoch", "life"))
    before = scene.browser.run(SEEN)
    scene.program.write_text(scene.program.read_text() + 'process more { var("more") than_before; }\n')

    seconds = Connection(scene.path).call("Upgrade")["seconds"]
    scene.browser.wait(f"netstrata.life !== '{life}' && netstrata.state.has('more')")
    scene.now()

    assert 0 < seconds < 60
    events = Connection(scene.path).call("Watch", after=0)["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    scene.browser.drawn()
    assert scene.browser.run(SEEN) == replayed(events) != before
    assert scene.browser.run("netstrata.about.epoch") == epoch
    assert scene.browser.run("netstrata.history.events.filter(event => event.kind === 'gap').length") == 0
    scene.browser.wait("[...netstrata.text.files.values()].some(lines => lines.join(' ').includes('than_before'))")


def test_a_thousand_processes_in_a_flood_of_events_leave_the_page_small_and_quick(scene: Scene) -> None:
    scene.daemon.end()
    epoch = scene.browser.run("netstrata.about.epoch")
    scene.program.write_text(MANY + FLOOD)
    scene.daemon = scene.start_daemon()
    scene.browser.wait(f"netstrata.about.epoch > {epoch} && netstrata.state.size > 1000")
    scene.browser.wait("netstrata.history.events.length > 20000", 200)
    scene.show("pyramids")
    scene.browser.run("netstrata.choose('bad', 1)")
    scene.browser.wait(f"document.getElementById('detail').textContent.includes({json.dumps(BAD)})")
    assert scene.browser.run("window.bad === undefined && document.querySelectorAll('main img').length === 0")
    told = []
    for view, most in (("pyramids", 1500), ("graph", 4000), ("timeline", 1500), ("source", 1500)):
        scene.show(view)
        clock = Clock()
        frames = scene.browser.run(SCROLL)
        free = clock.free
        elements = scene.browser.run("document.querySelectorAll('*').length")
        told.append(f"{view}: {elements} elements, a frame {frames[30]} ms, the worst {frames[-1]} ms")
        assert elements < most
        assert frames[30] * free < 100
        assert frames[-1] * free < 1000
    print("; ".join(told))
    events = scene.browser.run("netstrata.history.events.length")
    assert events <= 50_000
    scene.browser.logged.clear()  # it has asked while nobody answered
