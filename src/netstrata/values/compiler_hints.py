"""What the compiler is told about classes; plain Python takes no notice.

`acyclic` objects are never seen by the garbage collector, which saves time and 16 bytes each: for what is made and
gone all the time, and is in no cycle once it is gone.  `free_list_len=1` keeps one for the next to be made.

`i32` is a number that takes four bytes in a compiled object, where an `int` takes eight; it is checked for being in
range.

A compiled class may have interpreted subclasses only if it says so, and so must all its base classes.  The compiler
knows the decorator by its origin, which need not be there when the program runs: this module is never compiled.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mypy_extensions import i32 as i32
    from mypy_extensions import mypyc_attr as mypyc_attr
else:
    T = TypeVar("T")
    i32 = int

    def mypyc_attr(**settings: bool | int) -> Callable[[T], T]:
        """Return a decorator that leaves a class as it is."""
        return lambda of: of
