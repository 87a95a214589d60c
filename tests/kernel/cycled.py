"""A program of its own: plays statements that go down and up again, and prints what that leaves to the collector.

python -m tests.kernel.cycled PROGRAM FOLDER, where the program prints "up" and makes one step back each millisecond.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from tests.engine.live import Live
from tests.garbage import garbage

from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.ports import SystemPorts

TIMES = 3


async def cycled(text: str, folder: Path) -> Counter[str]:
    """Play a program until it has gone down and up several times; return what only the collector can free now."""
    ports = SystemPorts(StandardOutput(), state=str(folder / "state"), run=str(folder / "run"))
    live = Live(text, folder, ports)
    await came_up(live, 1)
    await came_up(live, 2)  # what is made once is kept for good, and is there by now
    with garbage() as found:
        for times in range(3, 3 + TIMES):
            await came_up(live, times)
    await live.ended()
    ports.close()
    return found


async def came_up(live: Live, times: int) -> None:
    """Wait until it has come up so often; each time but the first something must be over first."""
    if times > 1:
        live.pass_time(1)
    await live.until(lambda: live.output.count("up\n") >= times)


if __name__ == "__main__":
    print(dict(asyncio.run(cycled(Path(sys.argv[1]).read_text(), Path(sys.argv[2])))))
