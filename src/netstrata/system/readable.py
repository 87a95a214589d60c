"""Waiting for a descriptor."""

import asyncio


async def wait_readable(descriptor: int) -> None:
    """Wait until there is something to read, or an error or the end is to be seen."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, wake)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
