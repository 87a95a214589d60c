"""The C library, for what Python has not: loaded once, for all.

Each `CDLL` makes classes of its own: some 7 kB in circles, which only the garbage collector takes away.
"""

import ctypes
from typing import Final

C_LIBRARY: Final = ctypes.CDLL(None, use_errno=True)
