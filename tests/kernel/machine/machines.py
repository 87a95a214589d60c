"""This machine as a test's own: its kernel's modules, and programs that run on it."""

import os
import subprocess
import sys
from pathlib import Path

import netstrata
from netstrata.testing.child import Child, output_file, wait_until

SOURCES = Path(netstrata.__file__).parents[1]
UDEVD = "/lib/systemd/systemd-udevd"
UDEV_CONTROL = "/run/udev/control"
SLOW_S = 150  # a machine that is emulated takes its time


class Machine:
    """The machine itself: its modules, and programs that run on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []
        self._modules: list[str] = []

    def load(self, module: str, *options: str) -> None:
        """Load a module, which must not be there yet."""
        subprocess.run(["modprobe", module, *options], check=True)
        self._modules.append(module)

    def unload(self, module: str) -> None:
        """Remove a module, and all devices that it made."""
        subprocess.run(["modprobe", "-r", module], check=True)
        self._modules.remove(module)

    def start(self, *words: str) -> Child:
        """Start a program."""
        output = output_file("output")
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        popen = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        child = Child(words[0], popen, output)
        self._children.append(child)
        return child

    def runs(self, text: str) -> Child:
        """Start the daemon with a program."""
        program = self._folder / f"program{len(self._children)}.ncd"
        program.write_text(text)
        words = (sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none", str(program))
        return self.start(*words)

    def start_udev(self) -> None:
        """Start udevd, and wait until it can be talked to."""
        self.start(UDEVD, "--resolve-names=never")
        wait_until("udev", lambda: os.path.exists(UDEV_CONTROL), SLOW_S)

    def close(self) -> None:
        """End what runs, and remove what was loaded."""
        for child in reversed(self._children):
            if child.running:
                child.end(SLOW_S)
        if os.path.exists(UDEV_CONTROL):
            os.unlink(UDEV_CONTROL)  # which udevd leaves behind, and by which programs take it to be there
        for module in reversed(self._modules):
            subprocess.run(["modprobe", "-r", module], check=False)
