"""What input devices report."""

import os
from collections.abc import AsyncGenerator

from netstrata.ports.events import InputReport
from netstrata.protocols.input_names import EVENT_SIZE, code_name, read_events, type_name
from netstrata.system.readable import wait_readable
from netstrata.values import Unavailable

_AT_ONCE = 64 * EVENT_SIZE  # bytes


async def watch_input_device(path: bytes) -> AsyncGenerator[InputReport, None]:
    """Report the events of an input device: see `ports.Events`."""
    operation = f"read input events from {os.fsdecode(path)}"
    try:
        # Opening does not wait, so that a FIFO without a writer does not stop everything.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise Unavailable(operation, error.strerror or str(error), error.errno or 0) from None
    try:
        while True:
            octets = await _next_octets(descriptor, operation)
            for event in read_events(octets):
                code = code_name(event.type, event.code)
                yield InputReport(type_name(event.type), event.value, code, event.code)
            if not octets:
                raise Unavailable(operation, "the device is gone")
            if len(octets) % EVENT_SIZE:
                raise Unavailable(
                    operation, f"it gave {len(octets) % EVENT_SIZE} of the {EVENT_SIZE} bytes of an event"
                )
    finally:
        os.close(descriptor)


async def _next_octets(descriptor: int, operation: str) -> bytes:
    """Return what can be read next.

    Raises: Unavailable.
    """
    while True:
        try:
            await wait_readable(descriptor)
            return os.read(descriptor, _AT_ONCE)
        except BlockingIOError:
            continue
        except OSError as error:  # ENODEV, or EPERM from epoll for a file that cannot be waited for
            raise Unavailable(operation, error.strerror or str(error), error.errno or 0) from None
