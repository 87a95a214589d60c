"""What Prometheus reads from the console."""

import re
from pathlib import Path

import pytest
from tests.console.running import Console, start_daemon, wait_until

from netstrata.console.token import BadToken, read_token

SAMPLE = re.compile(r"[a-z_:]+(\{.*\})? -?[0-9.e+]+|# (HELP|TYPE) [a-z_:]+ .*")


def test_metrics_are_those_of_the_daemon_and_say_when_there_is_none(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path)
    token = tmp_path / "token"
    console = Console(tmp_path, "--token-file", str(token), "--user", "root")

    answer = console.ask("/metrics", Authorization=f"Bearer {token.read_text().strip()}")
    daemon.end()
    wait_until("the daemon's end is told", lambda: b"netstrata_up 0" in console.ask("/metrics").body)

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.body.decode().splitlines()
    assert "netstrata_up 1" in lines
    assert [line for line in lines if not SAMPLE.fullmatch(line)] == []
    assert console.ask("/metrics", Authorization="").status == 403
    console.end()


def test_a_token_is_kept_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "token"

    first = read_token(str(path))

    assert read_token(str(path)) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_token("") != read_token("")


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("short", 0o600, "must hold 32 or more"),
        ("", 0o600, "must hold 32 or more"),
        ("x" * 40 + ";", 0o600, "must hold 32 or more"),
        ("x" * 40, 0o644, "can be read by others"),
        ("\xe9" * 40, 0o600, "it is not ASCII"),
    ],
)
def test_a_token_that_is_no_good_is_refused(tmp_path: Path, text: str, mode: int, why: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)

    with pytest.raises(BadToken, match=why):
        read_token(str(path))
