"""All ports over the real system, each made when it is first asked for."""

from functools import cached_property

from netstrata.ports import Children, Output


class SystemPorts:
    """The kernel, the children and the files of this machine."""

    def __init__(self, output: Output, *, state: str = "/var/lib/netstrata", as_ncd: bool = False) -> None:
        """Remember how children are to be kept, and where leases are.

        Shapes: as_ncd keeps NCD's ways: children unheard, never killed, no output flushed before they start.
        """
        self.output = output
        self._state = state
        self._as_ncd = as_ncd

    @cached_property
    def children(self) -> Children:
        """Return the children port."""
        from netstrata.system.children import RealChildren

        if self._as_ncd:
            return RealChildren(_Unflushed(), hears=False, kill_after_s=None)
        return RealChildren(self.output)


class _Unflushed:
    """Standard output that children do not make us flush."""

    def write(self, text: bytes) -> None:
        """Write nothing."""

    def flush(self) -> None:
        """Keep what is held back."""
