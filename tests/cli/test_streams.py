"""Standard descriptors that are closed, full, or nobody's."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = f"{shlex.quote(sys.executable)} -m netstrata"


def ended(line: str, folder: Path) -> tuple[int, str, str]:
    """Run a line of shell; return its exit code and what it wrote."""
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a program that ends with 3."""
    (tmp_path / "p.ncd").write_text('process main { println("hello"); sleep("1"); exit("3"); }')
    return tmp_path


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_program_runs_to_its_end_without_standard_descriptors(folder: Path, closed: str) -> None:
    code, _, err = ended(f"exec {COMMAND} run p.ncd {closed}", folder)

    assert code == 3
    assert "Traceback" not in err


def test_what_is_printed_does_not_end_in_the_record_when_standard_output_is_closed(folder: Path) -> None:
    code, _, _ = ended(f"exec {COMMAND} run --record r.json p.ncd <&- >&- 2>&-", folder)

    assert code == 3
    assert all(line.startswith('{"seq": ') for line in (folder / "r.json").read_text().splitlines())


def test_run_says_that_what_the_program_printed_is_lost(folder: Path) -> None:
    code, _, err = ended(f"exec {COMMAND} run --quiet p.ncd > /dev/full", folder)

    assert code == 3
    assert "could not all be written: No space left on device" in err


def test_a_command_whose_output_cannot_be_written_fails_with_one_line(folder: Path) -> None:
    code, _, err = ended(f"exec {COMMAND} doc println > /dev/full", folder)

    assert (code, err) == (1, "error: No space left on device\n")


def test_ctrl_c_ends_a_command_without_a_word(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "netstrata", "fmt", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write(b"process main {\n" * 100_000)  # more than a pipe holds: it is reading when this is done
        child.stdin.flush()
        for _ in range(100):
            child.send_signal(signal.SIGINT)  # once is not enough: Python may just be between two reads
            try:
                child.wait(timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                continue

        assert (child.returncode, child.stderr.read()) == (130, b"")
