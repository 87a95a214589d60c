"""Of every statement that holds something in the kernel: what a plan says it does is what is told when it does it."""

from pathlib import Path
from typing import Any

import pytest
from tests.kernel.filters.programs import started
from tests.kernel.statements.rows import Row
from tests.kernel.statements.test_every_statement import SLOW_S, each, prepared

from netstrata.cli.client import Connection
from netstrata.daemon.live.report import WITHHELD
from netstrata.system.held.words import WAS_THERE
from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
UNKNOWN = "then whatever follows"


def deeds_of(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Return what each statement does outside, if anything."""
    told = [one for one in answer["steps"] if "operations" in one]
    return {f"{one['what']} {one['process']}.{one['statement']} {one['name']}": one["operations"] for one in told}


@each
def test_a_plan_says_what_is_told_when_it_is_done(lab: Lab, tmp_path: Path, row: Row) -> None:
    host = prepared(lab, row)
    program, control = tmp_path / "x.ncd", str(tmp_path / "control")
    daemon = started(host, program, 'process main { println("up"); }', "--control", control, "--state", str(tmp_path))
    daemon.wait_output("up\n", SLOW_S)

    def changed(body: str, told: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Plan and make another program; return what the plan says, and what was told of it."""
        program.write_text(f'process main {{ println("up"); {body} }}')
        planned = Connection(control).call("Plan")
        done = Connection(control).call("Reload")
        wait_until("all of it", lambda: told in daemon.output(), SLOW_S)
        return deeds_of(planned), deeds_of(done)

    body = f'{row.above} {row.program} println("complete"); rprintln("undone");'
    planned, begun = changed(body, "complete\n")
    plan_of_undoing, undone = changed("", "undone\n")
    status = daemon.end(SLOW_S)

    print(row.name, planned, begun, plan_of_undoing, undone)
    own = [what for step, what in begun.items() if step.endswith(f" {row.name}")]
    assert own != []
    found = [f": {reason}" for reason in (WAS_THERE, "it is so already")]  # what a plan does not look for
    told = {step: [line.removesuffix(found[0]).removesuffix(found[1]) for line in what] for step, what in begun.items()}
    told = {step: what for step, what in told.items() if WITHHELD not in str(what)}
    assert {step: what for step, what in planned.items() if UNKNOWN not in str(what)} == told
    kept_secret = {step for step, what in undone.items() if WITHHELD in str(what)}
    assert plan_of_undoing.keys() == undone.keys()
    assert {step: what for step, what in plan_of_undoing.items() if step not in kept_secret} == {
        step: what for step, what in undone.items() if step not in kept_secret
    }
    assert status == 0
