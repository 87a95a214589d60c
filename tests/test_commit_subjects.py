"""tools/commit-subjects, in repositories of its own."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "commit-subjects"
NOBODY = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str, at: str = "2026-01-01T00:00:00Z") -> None:
    """Run git."""
    environment = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    subprocess.run(["git", *NOBODY, *words], cwd=folder, env=environment, check=True, capture_output=True)


def commit(folder: Path, subject: str, at: str) -> None:
    """Make a commit that changes nothing."""
    git(folder, "commit", "--allow-empty", "-m", subject, at=at)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with an old commit without manners, and then the check."""
    folder = tmp_path / "repository"
    (folder / "tools").mkdir(parents=True)
    git(folder, "init", "--initial-branch=main")
    commit(folder, "Did this and that.", "2026-01-01T00:00:00Z")
    shutil.copy(TOOL, folder / "tools")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "tools: check the subjects", at="2026-01-02T00:00:00Z")
    return folder


def found(folder: Path) -> list[str]:
    """Return what the check finds."""
    done = subprocess.run([folder / "tools" / "commit-subjects"], capture_output=True, text=True)
    lines = [line.partition(": ")[2] for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (1 if lines else 0, "")
    return lines


def test_what_was_there_before_the_check_is_as_it_is(repository: Path) -> None:
    assert found(repository) == []


@pytest.mark.parametrize(
    ("subject", "what"),
    [
        ("a: " + 69 * "x", "more than 71 characters"),
        ("a: " + 68 * "x", None),
        ("a/b, c/d: put the old MTU back", None),
        ("a/b: Put the old MTU back", "not `path/that/matters: imperative in lower case`"),
        ("put the old MTU back", "not `path/that/matters: imperative in lower case`"),
        ("a/b: put the old MTU back.", "a full stop at the end"),
    ],
)
def test_a_subject_is_short_and_says_where(repository: Path, subject: str, what: str | None) -> None:
    commit(repository, subject, "2026-01-03T00:00:00Z")

    assert found(repository) == ([f"{what}: {subject}"] if what else [])


def test_a_shallow_clone_and_no_repository_at_all_are_no_fault(repository: Path, tmp_path: Path) -> None:
    commit(repository, "a: b", "2026-01-03T00:00:00Z")
    clone, plain = tmp_path / "clone", tmp_path / "plain"
    git(tmp_path, "clone", "--depth=1", f"file://{repository}", str(clone))
    (plain / "tools").mkdir(parents=True)
    shutil.copy(TOOL, plain / "tools")

    assert found(clone) == []
    done = subprocess.run(
        [plain / "tools" / "commit-subjects"],
        env={"GIT_CEILING_DIRECTORIES": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "left out: no history here\n")
