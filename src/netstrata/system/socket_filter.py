"""Filters of sockets, classic BPF that the kernel runs: what they leave out never wakes who listens.

Source: socket(7), SO_ATTACH_FILTER; linux/filter.h, sock_filter and sock_fprog.
"""

from array import array
from socket import SOL_SOCKET
from struct import Struct
from typing import Final, Protocol

SO_ATTACH_FILTER: Final = 26
INSTRUCTION_BYTES: Final = 8
SOCK_FPROG: Final = Struct("HP")  # how many instructions, and where they are


class FilteredSocket(Protocol):
    """A socket."""

    def setsockopt(self, level: int, option: int, value: bytes, /) -> None:
        """Set an option."""


def attach_filter(to: FilteredSocket, program: bytes) -> None:
    """Have a socket let in what a program takes, in the place of the one before.

    Raises: OSError.
    """
    code = array("B", program)
    to.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, SOCK_FPROG.pack(len(code) // INSTRUCTION_BYTES, code.buffer_info()[0]))
