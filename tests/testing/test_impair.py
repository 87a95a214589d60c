"""NETSTRATA_IMPAIR: what it takes, what it refuses before anything is done, and that it costs nothing without."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from netstrata.testing.impair import BadImpairment, read_impairments
from netstrata.testing.impair.reading import known_kinds

FILES = """process main {
    file.mkdir("FOLDER/made");
    println("up");
    exit("0");
}
"""


def run(folder: Path, impair: str | None, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a daemon that makes a directory, with faults or without."""
    (folder / "x.ncd").write_text(FILES.replace("FOLDER", str(folder)))
    words = [sys.executable, *options, "-m", "netstrata", "run", "--control", "none", str(folder / "x.ncd")]
    environment = {**os.environ, **({"NETSTRATA_IMPAIR": impair} if impair is not None else {})}
    script = 'mount -t tmpfs none /run && exec "$0" "$@"'
    within = ["unshare", "-rm", "sh", "-c", script, *words]
    return subprocess.run(within, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no fault ''; there are "),
        ("kil:at=write", "there is no fault 'kil'; there are"),
        ("kill", "kill needs at, n: it takes at=, n=, when="),
        ("kill:at=write,n=x", "kill: expected a whole number as n, not 'x'"),
        ("kill:at=wrote,n=1", "kill: expected record or write or file or child as at, not 'wrote'"),
        ("kill:at=write,n=1,n=2", "kill takes at=, n=, when=, each once, not 'n=2'"),
        ("kill:at=write,n=1;points:of=x", "points takes to=, each once, not 'of=x'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_can(text: str, said: str) -> None:
    with pytest.raises(BadImpairment, match=r"^" + said.replace("(", r"\(")):
        read_impairments(text)


def test_a_daemon_with_a_fault_that_nobody_knows_ends_before_it_does_anything(tmp_path: Path) -> None:
    ended = run(tmp_path, "kill:at=file,n=1;nonsense")

    assert ended.returncode == 2
    assert ended.stdout.startswith("error: NETSTRATA_IMPAIR: there is no fault 'nonsense'; there are ")
    assert not (tmp_path / "made").exists()


def test_without_the_variable_the_room_is_not_loaded(tmp_path: Path) -> None:
    plain = run(tmp_path, None, "-X", "importtime")
    impaired = run(tmp_path, "kill:at=file,n=100", "-X", "importtime")

    assert plain.returncode == impaired.returncode == 0
    assert "netstrata.testing" not in plain.stdout
    assert "netstrata.testing.impair" in impaired.stdout


def test_a_daemon_is_killed_on_that_side_of_a_point_on_which_it_was_to_be(tmp_path: Path) -> None:
    # The first change of a file is that of the journal's own directory; made is the last that there is before the end.
    counted = run(tmp_path, f"points:to={tmp_path}/points")
    lines = (tmp_path / "points").read_text().splitlines()
    files = [line for line in lines if line.startswith("file ")]
    making = next(number for number, line in enumerate(files, 1) if "os.mkdir 'made'" in line)

    before = run(tmp_path, f"kill:at=file,n={making},when=before"), (tmp_path / "made").exists()
    after = run(tmp_path, f"kill:at=file,n={making},when=after"), (tmp_path / "made").exists()

    assert counted.returncode == 0
    assert (before[0].returncode, before[1]) == (-signal.SIGKILL, False)
    assert (after[0].returncode, after[1]) == (-signal.SIGKILL, True)


def test_every_kind_is_in_the_documents() -> None:
    documented = (Path(__file__).parents[2] / "docs/testing.md").read_text()

    assert [name for name in known_kinds() if f"| `{name}" not in documented] == []


def test_every_kind_says_what_it_does() -> None:
    told = {kind.name: kind.told for kind in known_kinds().values()}

    assert {"kill", "points"} <= set(told)
    assert all(line.endswith(".") for line in told.values())
