"""What a daemon hands to the program that it executes in its own place: some values, and open files.

They are in a memory file that the environment names, with our process id, so that nobody else takes them for his.
Its first line is the same in all versions: the format of the rest, and the numbers of the open files.  Of a format that
is not known, nothing is used, and all is closed.
Source: memfd_create(2), F_ADD_SEALS in fcntl(2).
"""

import fcntl
import json
import os
import re
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Final

VARIABLE: Final = "NETSTRATA_HANDOVER"
FORMAT: Final = 1
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_HEAD: Final = re.compile(rb"netstrata-handover (\d{1,9})((?: \d{1,9})*)\n")
_LARGEST: Final = 1 << 28


class Handover:
    """What was handed to this process."""

    def __init__(self, parts: dict[str, Any], descriptors: Sequence[int], problem: str = "") -> None:
        """Take what it holds, or why that is not known."""
        self.problem = problem
        self._parts = parts
        self._descriptors = set(descriptors)

    def part(self, name: str) -> Any:
        """Return one of the values, None if it was not handed over."""
        return self._parts.get(name)

    def descriptor(self, number: object) -> int:
        """Return an open file, which is the caller's to close from now on.

        Raises: ValueError if it was not handed over, or is taken already.
        """
        if not isinstance(number, int) or number not in self._descriptors:
            raise ValueError(f"the open file {number} was not handed over")
        self._descriptors.remove(number)
        return number

    def close(self) -> None:
        """Close what nobody has taken."""
        for number in self._descriptors:
            os.close(number)
        self._descriptors.clear()


def hand_over(parts: dict[str, Any], descriptors: Sequence[int]) -> dict[str, str]:
    """Have the next program under this process id find values and open files; return what its environment must have.

    Shapes: the values are what JSON can hold.
    Raises: OSError.
    """
    memory = os.memfd_create("netstrata-handover", os.MFD_ALLOW_SEALING)
    with os.fdopen(memory, "wb", closefd=False) as file:
        file.write(f"netstrata-handover {FORMAT}{''.join(f' {number}' for number in descriptors)}\n".encode())
        file.write(json.dumps(parts, separators=(",", ":")).encode())
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, _SEALS)
    for number in descriptors:
        os.set_inheritable(number, True)
    return {VARIABLE: f"{os.getpid()}:{memory}"}


def take_handover(environment: MutableMapping[str, str] = os.environ) -> Handover | None:
    """Return what was handed to this process, None if nothing was; its children are not to find it."""
    pid, _, memory = environment.pop(VARIABLE, "").partition(":")
    if pid != str(os.getpid()) or not memory.isdecimal():
        return None
    try:
        seals = fcntl.fcntl(int(memory), fcntl.F_GET_SEALS)
        size = os.fstat(int(memory)).st_size
        data = os.pread(int(memory), size, 0) if seals == _SEALS and size <= _LARGEST else b""
    except OSError:
        return None  # the number is nobody's, or another file's
    head = _HEAD.match(data)
    if head is None:
        return None
    os.close(int(memory))
    return _read(int(head[1]), [int(word) for word in head[2].split()], data[head.end() :])


def _read(version: int, numbers: list[int], rest: bytes) -> Handover:
    descriptors: list[int] = []
    for number in numbers:
        with suppress(OSError):
            os.set_inheritable(number, False)
            descriptors.append(number)
    problem = f"it is of format {version}, and this version reads {FORMAT}"
    if version == FORMAT:
        problem = "it is damaged"
        with suppress(ValueError, RecursionError):
            parts = json.loads(rest)
            if isinstance(parts, dict):
                return Handover(parts, descriptors)
    return Handover({}, descriptors, problem)
