"""A link, and a peer with a name, that go down and up again leave nothing to the garbage collector."""

from pathlib import Path

import pytest
from tests.kernel.test_garbage import left_by
from tests.kernel.wireguard.ends import Ends, link, peer

pytestmark = [pytest.mark.kernel, pytest.mark.vm("wireguard")]
NAMED = peer(endpoint="localhost:7", keepalive="1", routes="7", allowed="10.77.0.0/24")


@pytest.mark.parametrize(
    "statements",
    [
        f'{link()} backtrack_point() top; {peer()} println("up");',
        f'{link()} backtrack_point() top; {NAMED} println("up");',
        f'backtrack_point() top; {link()} {peer()} println("up");',
    ],
)
def test_nothing_is_left_to_the_garbage_collector(ends: Ends, tmp_path: Path, statements: str) -> None:
    assert left_by(ends.ours, tmp_path, statements) == (0, "{}\n")
