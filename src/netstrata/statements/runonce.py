"""runonce: a command that is run to its end, once."""

from typing import NamedTuple

from netstrata.contract import Up, configures
from netstrata.contract.shapes.children import RUNONCE_DEFAULTS, ExitStatus, Program, RunonceOptionsMap
from netstrata.ports import Command, Ports


class Ended(NamedTuple):
    exit_status: ExitStatus


@configures("runonce")
async def runonce(ports: Ports, command: Program, options: RunonceOptionsMap = RUNONCE_DEFAULTS) -> Up[Ended]:
    """Run a command and be up when it has ended, whatever its status.

    If the statement must go before that, the end is waited for; with `term_on_deinit` the command gets a SIGTERM.

    Example:
        runonce({"/bin/sh", "-c", "exit 3"}) ran;
        println(ran.exit_status);  # 3

    Source: NCD, runonce.
    """
    asked = Command(command, options.child)
    yield Ended(await ports.children.run(asked, terminate_on_cancel=options.term_on_deinit))
