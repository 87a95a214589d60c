"""What the compiler is told about classes; plain Python takes no notice.

A compiled class may have interpreted subclasses only if it says so, and so must all its base classes.  The compiler
knows the decorator by its origin, which need not be there when the program runs: this module is never compiled.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr as mypyc_attr
else:
    T = TypeVar("T")

    def mypyc_attr(**settings: bool) -> Callable[[T], T]:
        """Return a decorator that leaves a class as it is."""
        return lambda of: of
