"""Each statement that holds something of the network, at each request that it makes: for tools/faults, not for ./check.

A row is a statement and a kind of fault, which meets the first request, then the second, and so on.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.faults.fork_server import ForkServer
from tests.kernel.faults.scene import FAULT
from tests.kernel.statements.rows import KERNEL, ROWS, Row
from tests.kernel.statements.test_every_statement import prepared, seen

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
REQUESTS = 8  # more than most of them make
KINDS = ("lost-answers", "late-answers", "refused:errno=EBUSY", "unsent:errno=ENOBUFS", "refused-reads:errno=ENOMEM",
         "no-memory-to-ask", "torn-dumps", "garbled-answers")  # fmt: skip
# A packet filter's tool that does not run on the way down leaves what it was to undo to the next daemon.
ON_THE_WAY_UP = ("file-refused:errno=EMFILE,at=open", "unstarted:errno=EAGAIN", "child-crashes", "no-memory-to-start")
_HELD = [row for row in ROWS if not row.needs]


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    made = ForkServer()
    yield made
    made.close()


if os.environ.get("NETSTRATA_FAULTS") == "all":

    @pytest.mark.parametrize("kind", [*KINDS, *ON_THE_WAY_UP])
    @pytest.mark.parametrize("row", _HELD, ids=lambda row: row.name)
    def test_it_comes_up_and_goes_whatever_request_of_its_meets_a_fault(
        lab: Lab, tmp_path: Path, server: ForkServer, row: Row, kind: str
    ) -> None:
        host = prepared(lab, row)
        before = seen(host, row)
        text = f'process main {{ {row.above} {row.program} println("complete"); }}'
        (tmp_path / "x.ncd").write_text(text)
        words = ["run", str(tmp_path / "x.ncd"), "--control", "none", "--retry-time", "50"]
        for number in range(1, REQUESTS + 1):
            impair = f"{kind}{',' if ':' in kind else ':'}n={number}"
            if kind in ON_THE_WAY_UP:
                impair += f",during={FAULT}"
                host.write(FAULT, "")
            daemon = server.start(host, words, {"PATH": "/usr/sbin:/usr/bin:/bin", "NETSTRATA_IMPAIR": impair})
            daemon.wait_output("complete\n")
            host.run("rm", "-f", FAULT)
            if row.look == KERNEL:
                wait_until("it", lambda: set(row.up) <= set(seen(host, row)))
            assert (daemon.end(), seen(host, row), impair) == (0, before, impair), daemon.output()
