"""A real browser, without a screen: Debian's chromium, driven by the DevTools protocol over two pipes.

With `--remote-debugging-pipe` it reads messages at descriptor 3 and writes them at 4, each ended by a NUL byte.
Source: chromedevtools.github.io/devtools-protocol.
"""

import base64
import json
import os
import select
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

CHROMIUM = shutil.which("chromium")
WORDS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync",
    "--force-color-profile=srgb", "--remote-debugging-pipe", "--no-startup-window",
)  # fmt: skip
LEFT = "Inspected target navigated or closed"
LATER = ("net::ERR_NETWORK_CHANGED", "net::ERR_ABORTED")  # as a person would try again; the second: another went first
CODES = {"Enter": 13, "Escape": 27}  # what the browser itself listens to
DRAWN = """(async () => {
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    await new Promise(done => setTimeout(done));
})()"""
MIDDLE = """async selector => {
    const place = () => {
        const element = document.querySelector(selector);
        if (!element) return null;
        element.scrollIntoView({block: 'nearest'});
        const box = element.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        return element.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
    };
    const before = place();
    await new Promise(requestAnimationFrame);
    const after = place();
    return before && after && before.join() === after.join() ? after : null;
}"""  # where an element is that nothing covers and nothing moves
EXEC = """import fcntl, os, sys
os.environ.update(XDG_CONFIG_HOME=sys.argv[3], XDG_CACHE_HOME=sys.argv[3])  # not into anybody's home
pipes = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(pipes[0], 3); os.dup2(pipes[1], 4)
os.execvp(sys.argv[4], sys.argv[4:])
"""


class Broken(Exception):
    """The page has thrown, or the browser refuses."""


class Browser:
    """A browser with one page.  `start` is given the command and the descriptors it must inherit."""

    def __init__(self, folder: Path, start: Callable[[Sequence[str], Sequence[int]], Any]) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        words = [CHROMIUM or "chromium", *WORDS, f"--user-data-dir={folder}/chromium"]
        pipes = (theirs_in, theirs_out)
        self.child = start([sys.executable, "-c", EXEC, *map(str, pipes), str(folder), *words], pipes)
        os.close(theirs_in)
        os.close(theirs_out)
        self._held = b""
        self._number = 0
        self.logged: list[str] = []  # what the page wrote to its console, or threw
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the browser, and return its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") != self._number:
                continue
            if "error" in answer:
                raise Broken(f"{method}: {answer['error']}")
            found: dict[str, Any] = answer["result"]
            return found

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + 120
        while b"\0" not in self._held:
            if not select.select([self._in], [], [], max(0, end - time.monotonic()))[0]:
                raise Broken("the browser does not answer")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise Broken("the browser has ended")
            self._held += data
        frame, _, self._held = self._held.partition(b"\0")
        message: dict[str, Any] = json.loads(frame)
        given = message.get("params", {})
        if message.get("method") == "Page.javascriptDialogOpening":  # whether it may be left
            leave = {"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            os.write(self._out, json.dumps({**leave, "sessionId": self._session}).encode() + b"\0")
        if message.get("method") == "Runtime.exceptionThrown":
            self.logged.append(given["exceptionDetails"].get("exception", {}).get("description", str(given)))
        elif message.get("method") == "Log.entryAdded":
            self.logged.append(f"{given['entry']['text']} {given['entry'].get('url', '')}")
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.logged.append(" ".join(str(a.get("value", a.get("description"))) for a in given["args"]))
        return message

    def open(self, url: str) -> None:
        """Go to an address; again if the network changed, or the page went somewhere by itself, meanwhile."""
        end = time.monotonic() + 60
        while error := self.send("Page.navigate", url=url).get("errorText"):
            if error not in LATER or time.monotonic() > end:
                raise Broken(f"{url}: {error}")
            time.sleep(0.1)

    def run(self, script: str) -> Any:
        """Return what an expression, or a promise, of the page comes to.

        Raises: Broken, with what it threw.
        """
        told = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            thrown = told["exceptionDetails"]
            raise Broken(thrown.get("exception", {}).get("description") or thrown["text"])
        return told["result"].get("value")

    def wait(self, script: str, timeout_s: float = 60) -> Any:
        """Return what an expression comes to as soon as that is true; true for an element."""
        end = time.monotonic() + timeout_s
        asked = f"(async () => {{ const found = {script}; return found instanceof Node ? true : found; }})()"
        while not (found := self._asked(asked)):
            if time.monotonic() > end:
                raise Broken(f"not within {timeout_s:g} s: {script}; the page says {self.logged}")
            time.sleep(0.02)
        return found

    def _asked(self, script: str) -> Any:
        """Return what an expression comes to, and None if the page was left meanwhile."""
        try:
            return self.run(script)
        except Broken as error:
            if LEFT not in str(error):
                raise
            return None

    def press(self, key: str, shift: bool = False) -> None:
        """Press a key."""
        code = f"Key{key.upper()}" if len(key) == 1 and key.isalpha() else key
        given = {"key": key, "code": code, "modifiers": 8 if shift else 0, "windowsVirtualKeyCode": CODES.get(key, 0)}
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **given, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **given)

    def drawn(self) -> None:
        """Wait until all that has changed is drawn: a list that has grown makes its rows only in the frame after."""
        self.run(DRAWN)

    def click(self, selector: str) -> None:
        """Click into the middle of an element, as a mouse does, as soon as it is there and stays where it is."""
        x, y = self.wait(f"await ({MIDDLE})({json.dumps(selector)})")
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def size(self, width: int, height: int, scale: float = 1, dark: bool = False, touch: bool = False) -> None:
        """Have a screen of a size, light or dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=touch
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=touch)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.send("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: Path) -> None:
        """Write what is seen to a PNG file."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """Let the pipes go; the browser ends with them."""
        os.close(self._out)
        os.close(self._in)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
