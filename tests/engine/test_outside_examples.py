"""What statements about the outside say about themselves: their examples print what they promise."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.test_registry import DECLARED, program_of, promised

# Files, programs, sockets and requests need nothing but a folder; the network and devices are tested elsewhere.
FAMILIES = ("file_", "sys.start_process", "sys.connect", "sys.listen", "sys.socket", "sys.request", "net.iptables.lock")
EXAMPLES = sorted({d.example for d in DECLARED if d.name.startswith(FAMILIES) or d.name == "sys.watch_directory"})


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split("(")[0].split()[-1])
def test_an_example_prints_what_it_promises(example: str, tmp_path: Path) -> None:
    program = tmp_path / "example.ncd"
    # Statements that show events never go on by themselves.
    program.write_text(program_of(example.replace("change->nextevent();", "")))
    (tmp_path / "here").mkdir()

    done = subprocess.run(
        [sys.executable, "-m", "netstrata.cli.ncd", "--loglevel", "none", str(program)],
        cwd=tmp_path / "here",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout.strip("\n")) == (0, promised(example))


def test_there_is_an_example_for_each_of_them() -> None:
    assert len(EXAMPLES) > 6
