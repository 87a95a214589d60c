"""Whether two implementations agree on a program: what they print, and the exit code."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from netstrata.testing.fuzz.choices import RandomChoices
from netstrata.testing.fuzz.data import data_program
from netstrata.testing.fuzz.flow import flow_program

ORACLE_S = 60


def program_of(seed: int) -> str:
    """Return the program of a seed: of two in three, one of processes."""
    choices = RandomChoices(seed)
    return data_program(choices) if seed % 3 == 0 else flow_program(choices)


class Oracle:
    """Any executable with NCD's command line."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def run(self, program: str) -> tuple[bytes, int]:
        """Run a program, and return what it printed, and its exit code (-9 if it did not end)."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fuzz.ncd"
            path.write_text(program)
            command = [*self._words, "--loglevel", "none", str(path)]
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    timeout=ORACLE_S,
                    check=False,
                )
            except subprocess.TimeoutExpired as late:
                return late.stdout or b"", -9
            return done.stdout, done.returncode


class OtherBuild:
    """Another build of ours, in an interpreter of its own, that runs the same seeds and says how each went."""

    def __init__(self, python: str, seeds: range) -> None:
        """Start it; it goes on by itself."""
        words = [python, "-E", "-m", "netstrata.testing.fuzz.digests", str(seeds.start), str(seeds.stop)]
        self._child = subprocess.Popen(words, stdout=subprocess.PIPE)

    def digests(self) -> Iterator[tuple[int, str]]:
        """Return seed and digest of each program, as they come."""
        stream = self._child.stdout
        if stream is None:
            return
        for line in stream:
            seed, digest = json.loads(line)
            yield seed, digest

    def end(self) -> None:
        """Stop it, if it still runs."""
        self._child.kill()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
