"""run: one command on the way up, another on the way down."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.children import CHILD_DEFAULTS, ChildOptionsMap
from netstrata.contract.shapes.common import Command
from netstrata.ports import Ports


@configures("run")
async def run(ports: Ports, do: Command, undo: Command, options: ChildOptionsMap = CHILD_DEFAULTS) -> Up[None]:
    """Run a command and be up when it has succeeded; run another one on the way down.

    An empty list is nothing to do in that direction.  A command that fails is tried again; one that is still running
    when the statement must go is waited for, and undone if it succeeded.

    Example:
        run({"/sbin/sysctl", "-w", "net.ipv4.ip_forward=1"}, {"/sbin/sysctl", "-w", "net.ipv4.ip_forward=0"});

    Source: NCD, run; the options are ours.
    """
    async with ports.children.held_command(do, undo, options):
        yield
