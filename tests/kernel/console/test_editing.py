"""A process is edited in the console: a plan beside it, applied, kept or gone back from, with others about."""

import json
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kernel.console.scene import MARKS, SCREENS, Scene

from netstrata.cli.client import Connection
from netstrata.cli.demo.network import Network
from netstrata.testing.child import wait_until

pytestmark = MARKS
LAN = """process lan {
    net.backend.waitdevice("eth0");
    net.up("eth0");
    net.ipv4.addr("eth0", "192.0.2.77", "24");
    provide("LAN");
}"""
USER = """process user {
    depend("LAN");
    secret("correct horse") passphrase;
    println("user");
}"""
PROGRAM = f"# The house.\n{LAN}\n{USER}\n"
FIELD = ".editing textarea"
SAID = "document.querySelector('[data-told=plan]').textContent"
STEPS = """[...document.querySelectorAll('.editing .steps-of-plan li')].map(li =>
    [...li.childNodes].filter(part => part.className !== 'operation').map(part => part.textContent).join(''))"""
OPERATIONS = "[...document.querySelectorAll('.editing .steps-of-plan .operation')].map(line => line.textContent)"
BAR = "document.querySelector('.confirmation:not([hidden])')"
READY = "!document.querySelector('.editing [data-act=apply]').disabled"
NOT_READY = f"!({READY})"  # in the frame after what is said of that
NOTE = "document.querySelector('.editing .banner:not([hidden])')?.textContent"

DROP = "document.querySelector('.editing [data-act=drop]')?.click()"  # else the page asks whether it may be left


@pytest.fixture(scope="module")
def scene(root: None) -> Iterator[Scene]:
    """A scene whose console may change the program."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, Network() as network:
        program = Path(name) / "house.ncd"
        program.write_text(PROGRAM)
        scene = Scene(network, Path(name), program, user="root")
        yield scene
        scene.close()
        assert "Traceback" not in scene.console.output()
        assert "correct horse" not in scene.console.output() + scene.daemon.output()


@pytest.fixture(autouse=True)
def begun(scene: Scene) -> Iterator[None]:
    """Begin each test with what the file says, and no draft."""
    there = {one["process"] for one in ask(scene, "Status")["processes"]}
    for name, text in (("lan", LAN), ("user", USER)):
        if name in there:
            ask(scene, "Replace", process=name, text=text)
        else:
            ask(scene, "Load", text=text)
    scene.browser.run(DROP)
    scene.browser.open("about:blank")  # all that the page knows goes
    scene.browser.open(f"{scene.origin}/#/pyramids")
    scene.browser.wait("window.netstrata?.history.ready && netstrata.about.right === 'change'")
    yield
    if "awaited" in ask(scene, "Confirmation"):
        ask(scene, "Revert")
    scene.browser.logged[:] = [line for line in scene.browser.logged if "/api/" not in line]  # what was refused


def ask(scene: Scene, verb: str, **given: Any) -> dict[str, Any]:
    """Ask the daemon, as somebody else does."""
    return Connection(scene.path, 60).call(verb, **given)


def edit(scene: Scene, process: str) -> None:
    """Open the editor of a process."""
    scene.browser.run(f"location.hash = '#/edit/{process}'")
    scene.browser.wait(f"document.querySelector('{FIELD}')?.value.startsWith('process {process} ')")
    scene.browser.wait(f"{SAID} === 'Nothing differs from what runs.'")


def apply(scene: Scene, seconds: int) -> None:
    """Apply what is edited, with so much time to keep it."""
    scene.browser.run(f"document.querySelector('.editing select').value = '{seconds}'")
    scene.browser.wait(READY)
    scene.browser.click(".editing [data-act=apply]")


def addresses(scene: Scene) -> list[str]:
    return [line.split()[3] for line in scene.laptop.run("ip", "-o", "-4", "addr", "show", "eth0").splitlines()]


def test_a_process_is_edited_from_the_source_with_its_plan_beside_it_and_kept(scene: Scene) -> None:
    scene.show("source")
    scene.browser.click("a.edit[aria-label='Edit lan']")
    scene.browser.wait(f"document.querySelector('{FIELD}')?.value === {json.dumps(LAN)}")

    scene.write(FIELD, LAN.replace(".77", ".78"))

    scene.browser.wait(f"{SAID} === 'Undoes 4 statements, begins 4 statements; nothing else is touched.'")
    steps = scene.browser.run(STEPS)
    assert '+ begin lan.3 net.ipv4.addr("eth0", "192.0.2.78", "24");' in steps
    assert steps[0] == '− undo user.3 println("user");'
    assert scene.browser.run(OPERATIONS) == ["delete 192.0.2.77/24 on eth0", "add 192.0.2.78/24 to eth0"]
    assert steps.index("− undo user.2 secret(…)") < steps.index('− undo lan.4 provide("LAN");')
    assert addresses(scene) == ["192.0.2.77/24"]
    apply(scene, 600)
    told = scene.browser.wait(f"{BAR}?.textContent.includes('Your change waits to be kept') && {BAR}.textContent")
    assert addresses(scene) == ["192.0.2.78/24"]
    assert "goes back by itself at" in told
    for view in ("graph", "timeline", "links", "files", "goals", "source", "pyramids"):
        scene.show(view)
        assert scene.browser.run(f"Number.parseInt({BAR}.querySelector('[role=timer]').textContent) > 500")

    scene.browser.click("[data-act=keep]")

    scene.browser.wait(f"{BAR}?.textContent.includes('was confirmed: it stays')")
    assert "awaited" not in ask(scene, "Confirmation")
    assert addresses(scene) == ["192.0.2.78/24"]
    assert ask(scene, "Program")["changes"][0]["persist"] is False
    scene.browser.click("[data-act=seen]")
    scene.browser.wait(f"!{BAR}")
    scene.show("source")
    scene.browser.wait("document.querySelector('.sources').textContent.includes('another text runs in its place')")


SLOW = """{ const real = window.fetch, pause = ms => new Promise(done => setTimeout(done, ms));
    window.fetch = async (url, how) => {
        const answer = await real(url, how);
        if (url === '/api/replace' && !JSON.parse(how.body).plan) await pause(300);
        return answer;
    };
    const note = document.querySelector('.editing .banner');
    window.noted = [];
    new MutationObserver(() => note.hidden || window.noted.push(note.textContent)).observe(note, {attributes: true});
}"""


def test_its_own_change_is_told_as_nobody_elses(scene: Scene) -> None:
    """The daemon tells that its program is another one before whoever asked for that has read the answer."""
    edit(scene, "lan")
    scene.write(FIELD, LAN.replace(".77", ".87"))
    scene.browser.run(SLOW)

    apply(scene, 0)

    scene.browser.wait("document.querySelector('.toast')?.textContent.includes('lan was changed')")
    scene.browser.wait("document.querySelector('#why-not').textContent === 'There is nothing to apply.'")
    assert scene.browser.run("window.noted") == []


def test_what_is_wrong_is_shown_at_its_line_and_nothing_can_be_applied(scene: Scene) -> None:
    edit(scene, "lan")

    scene.write(FIELD, LAN.replace('provide("LAN")', 'var(["k": "1", "k": "2"]) äöü'))
    scene.browser.wait("document.querySelector('.lens[data-line=\"5\"]')")
    scene.write(FIELD, LAN.replace('provide("LAN");', 'depend("ü"; provide(;'))
    scene.browser.wait(f"{SAID}.startsWith('One mistake') || {SAID}.startsWith('2 mistakes')")

    scene.browser.wait(f"{NOT_READY} && document.querySelector('{FIELD}').ariaInvalid === 'true'")
    assert scene.browser.run("document.querySelector('.lens').dataset.line") == "5"
    told = scene.browser.run("document.querySelector('.mistakes li').textContent")
    assert told.startswith("line 5, column 16 ")
    scene.browser.click(".mistakes button")
    at = scene.browser.run(f"document.querySelector('{FIELD}').selectionStart")
    assert scene.browser.run(f"document.querySelector('{FIELD}').value")[at:].startswith("; provide(")
    scene.write(FIELD, LAN)
    scene.browser.wait(f"{SAID} === 'Nothing differs from what runs.' && !document.querySelector('.lens')")


def test_what_nobody_keeps_goes_back_and_the_page_says_so(scene: Scene) -> None:
    edit(scene, "lan")
    scene.write(FIELD, LAN.replace(".77", ".79"))
    scene.browser.run("document.querySelector('.editing option').value = '1'")

    apply(scene, 1)

    scene.browser.wait(f"{BAR}?.textContent.includes('went back: nobody has confirmed it')")
    assert addresses(scene) == ["192.0.2.77/24"]
    scene.browser.wait(f"document.querySelector('{FIELD}').value.includes('.77')")


def test_going_back_at_once(scene: Scene) -> None:
    edit(scene, "lan")
    scene.write(FIELD, LAN.replace(".77", ".80"))
    apply(scene, 600)
    scene.browser.wait(f"{BAR}?.querySelector('[data-act=back]:not([hidden])')")
    assert addresses(scene) == ["192.0.2.80/24"]
    scene.browser.wait("document.querySelector('#why-not').textContent.includes('A program waits to be kept')")

    scene.browser.click("[data-act=back]")

    scene.browser.wait(f"{BAR}?.textContent.includes('has asked for that')")
    assert addresses(scene) == ["192.0.2.77/24"]


def test_a_page_that_is_cut_off_says_so_and_afterwards_what_has_happened(scene: Scene) -> None:
    edit(scene, "lan")
    scene.write(FIELD, LAN.replace(".77", ".81"))
    scene.browser.run("document.querySelector('.editing option').value = '15'")
    apply(scene, 15)
    scene.browser.wait(f"{BAR}?.querySelector('[data-act=keep]:not([hidden])')")

    scene.console.signal(signal.SIGSTOP)
    try:
        told = scene.browser.wait(f"{BAR}?.textContent.includes('does not reach the daemon') && {BAR}.textContent")
        keep = scene.browser.run("document.querySelector('[data-act=keep]').disabled")
        scene.browser.wait(f"{BAR}?.textContent.includes('It was to go back by itself at')")
        wait_until("the address before", lambda: addresses(scene) == ["192.0.2.77/24"])
    finally:
        scene.console.signal(signal.SIGCONT)

    assert "the daemon goes back by itself at" in told
    assert keep is True
    scene.browser.wait(f"{BAR}?.textContent.includes('went back: nobody has confirmed it')")


def test_a_page_that_gets_no_answer_to_its_own_change_says_when_that_goes_back(scene: Scene) -> None:
    edit(scene, "lan")
    scene.write(FIELD, LAN.replace(".77", ".86"))
    scene.browser.wait(READY)

    scene.daemon.signal(signal.SIGSTOP)
    try:
        apply(scene, 600)
        told = scene.browser.wait(f"{BAR}?.textContent.includes('does not reach the daemon') && {BAR}.textContent")
    finally:
        scene.daemon.signal(signal.SIGCONT)

    assert "the daemon goes back by itself at" in told
    scene.browser.wait(f"{BAR}?.textContent.includes('Your change waits to be kept')")
    scene.browser.click("[data-act=back]")
    scene.browser.wait(f"{BAR}?.textContent.includes('has asked for that')")


def test_a_daemon_that_is_killed_meanwhile_goes_on_counting_and_so_does_the_page(scene: Scene) -> None:
    edit(scene, "lan")
    scene.write(FIELD, LAN.replace(".77", ".82"))
    apply(scene, 600)
    scene.browser.wait(f"{BAR}?.querySelector('[data-act=keep]:not([hidden])')")

    scene.daemon.signal(signal.SIGKILL)
    scene.daemon.status()
    scene.browser.wait(f"{BAR}?.textContent.includes('does not reach the daemon')")
    scene.daemon = scene.start_daemon()

    scene.browser.wait(f"{BAR}?.textContent.includes('Your change waits to be kept')")
    scene.browser.click("[data-act=back]")
    scene.browser.wait(f"{BAR}?.textContent.includes('has asked for that')")
    wait_until("the address before", lambda: addresses(scene) == ["192.0.2.77/24"])


def test_somebody_elses_change_of_the_same_text_is_told_and_not_written_over(scene: Scene) -> None:
    edit(scene, "user")
    scene.write(FIELD, scene.browser.run(f"document.querySelector('{FIELD}').value").replace('"user"', '"mine"'))
    scene.browser.wait(READY)
    assert scene.browser.run("dispatchEvent(new Event('beforeunload', {cancelable: true}))") is False  # it would ask

    ask(scene, "Replace", process="user", text=USER.replace('"user"', '"theirs"'))

    note = scene.browser.wait(NOTE)
    assert note == "The text of user was changed while you were editing it (replace user, by uid 0)."
    scene.browser.wait(NOT_READY)
    scene.browser.click("[data-act=mine]")
    scene.browser.wait(f"{READY} && {SAID}.startsWith('Undoes one')")
    ask(scene, "Replace", process="user", text=USER.replace('"user"', '"again"'))
    scene.browser.wait(NOTE)
    scene.browser.click("[data-act=theirs]")
    scene.browser.wait(f"document.querySelector('{FIELD}').value.includes('\"again\"') && !({NOTE})")

    scene.write(FIELD, scene.browser.run(f"document.querySelector('{FIELD}').value").replace("again", "lost"))
    ask(scene, "Unload", process="user")
    scene.browser.wait(f"{NOTE}?.startsWith('user is not there any more')")
    assert "lost" in scene.browser.run(f"document.querySelector('{FIELD}').value")
    scene.browser.wait(NOT_READY)


def test_somebody_elses_change_that_waits_is_told_as_such(scene: Scene) -> None:
    ask(scene, "Replace", process="lan", text=LAN.replace(".77", ".83"), confirm=600)

    scene.browser.wait(f"{BAR}?.textContent.includes('A change by uid 0 waits to be kept')")
    ask(scene, "Confirm")
    scene.browser.wait(f"{BAR}?.textContent.includes('was confirmed: it stays')")


def test_a_secret_is_not_shown_and_keeps_its_place(scene: Scene) -> None:
    edit(scene, "user")
    text = scene.browser.run(f"document.querySelector('{FIELD}').value")
    assert text == USER.replace("correct horse", "********")

    scene.write(FIELD, text.replace('"user"', '"more"'))
    scene.browser.wait(f"{SAID}.startsWith('Undoes one statement, begins one')")
    scene.write(FIELD, text.replace("passphrase", "renamed").replace("}", '    secret("another") one;\n}'))
    scene.browser.wait(f"{SAID}.startsWith('Undoes 2 statements, begins 3')")
    apply(scene, 0)
    scene.browser.wait("document.querySelector('.toast')")

    number = ask(scene, "Confirmation")["runs"]["number"]
    [kept] = scene.laptop.call(lambda: [path.read_text() for path in Path("/var/lib/netstrata").rglob(str(number))])
    assert "correct horse" in kept
    assert "renamed" in kept
    assert "********" not in kept


def test_a_program_before_is_gone_back_to_with_its_plan_first(scene: Scene) -> None:
    ask(scene, "Replace", process="lan", text=LAN.replace(".77", ".84"))
    number = ask(scene, "Confirmation")["runs"]["number"]
    before = number - 1
    scene.show("source")
    scene.browser.click("a[href='#/versions']")
    rows = scene.browser.wait("""document.querySelector('tr.runs') &&
        [...document.querySelectorAll('.versions tbody tr')].map(row => row.textContent)""")
    assert rows[0].startswith(f"{number}")
    assert "uid 0replace lanruns now" in rows[0]

    scene.browser.click(f"tr[data-version='{before}'] button")
    scene.browser.wait("document.querySelector('dialog[open]')?.textContent.includes('192.0.2.77')")
    assert addresses(scene) == ["192.0.2.84/24"]
    scene.browser.click("dialog [data-act=yes]")

    scene.browser.wait(f"{BAR}?.textContent.includes('Your change waits to be kept')")
    assert addresses(scene) == ["192.0.2.77/24"]
    scene.browser.click("[data-act=keep]")
    scene.browser.wait(f"{BAR}?.textContent.includes('it stays')")


def test_all_of_it_has_names_can_be_done_by_keys_and_fits_on_a_phone(scene: Scene) -> None:
    edit(scene, "lan")
    assert scene.browser.run(f"document.activeElement === document.querySelector('{FIELD}')")
    scene.browser.run(f"document.querySelector('{FIELD}').setSelectionRange(0, 0)")
    scene.browser.send("Input.insertText", text="# By keys.\n")
    scene.write(FIELD, scene.browser.run(f"document.querySelector('{FIELD}').value").replace(".77", ".85"))
    scene.browser.wait(READY)
    nodes = scene.browser.send("Accessibility.getFullAXTree")["nodes"]
    named = {n["role"]["value"]: n.get("name", {}).get("value", "") for n in nodes if not n.get("ignored")}
    assert named["textbox"] == "Text of the process"
    assert named["combobox"].startswith("Goes back unless it is kept within")
    for name, screen in SCREENS.items():
        scene.browser.size(*screen, touch=name == "phone")
        scene.browser.drawn()
        assert scene.browser.run("document.querySelector('main').scrollWidth") <= screen[0], name
    scene.browser.size(*SCREENS["wide"])

    scene.browser.send("Input.dispatchKeyEvent", type="keyDown", key="Enter", modifiers=2, windowsVirtualKeyCode=13)
    scene.browser.send("Input.dispatchKeyEvent", type="keyUp", key="Enter", modifiers=2, windowsVirtualKeyCode=13)

    scene.browser.wait(f"{BAR}?.querySelector('[data-act=keep]:not([hidden])')")
    assert addresses(scene) == ["192.0.2.85/24"]
    scene.browser.run("document.querySelector('[data-act=keep]').focus()")
    scene.browser.press("Enter")
    scene.browser.wait(f"{BAR}?.textContent.includes('it stays')")
    assert ask(scene, "Text", process="lan")["text"].startswith("# By keys.\n")
    scene.browser.wait("document.querySelector('.editing').innerText.includes('There is nothing to apply')")


def test_pages_that_were_left_hold_no_connection(scene: Scene) -> None:
    """Of Chromium, which has six to one host, and keeps a page that was left for about a minute."""
    address = scene.browser.run("location.origin") + "/#/pyramids"
    began = time.monotonic()
    for _ in range(8):
        scene.browser.open("about:blank")
        scene.browser.open(address)
        scene.browser.wait("window.netstrata?.history.ready")
    assert time.monotonic() - began < 40
    scene.browser.open("about:blank")
    scene.browser.run("void setTimeout(() => history.back())")
    scene.browser.wait("window.netstrata?.connected")
