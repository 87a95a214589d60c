"""Statements that end the program: exit, assert, assert_false."""

from netstrata.contract.shapes.common import TEXT, number_shape
from netstrata.engine.machine import engine_of
from netstrata.engine.process import Statement
from netstrata.engine.structure import structure, takes
from netstrata.values import FALSE, TRUE, Value

EXIT_CODE = number_shape("an exit code", "0 to 2147483646, of which the system keeps the low 8 bits", 0, 2**31 - 2)


class Exit(Statement):
    """Ends the program."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then ask for the end."""
        code = EXIT_CODE.read(values[0])
        if code is None:
            raise EXIT_CODE.refusal(0)
        self.up()
        engine_of(self.process).shut_down(code)


structure(
    "exit",
    Exit,
    takes(("code", EXIT_CODE)),
    """Undo everything, then end with this exit code; the last code given counts.

    Example:
        println("bye");  # bye
        exit("0");
    """,
)


class Assert(Statement):
    """Ends the program unless a string is `true`."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then ask for the end if the string is another."""
        value = values[0]
        if not isinstance(value, bytes):
            raise TEXT.refusal(0)
        self.up()
        if value != self.wanted():
            engine_of(self.process).shut_down(1)

    def wanted(self) -> bytes:
        """Return the string that lets the program go on."""
        return TRUE


class AssertFalse(Assert):
    """Ends the program unless a string is `false`."""

    __slots__ = ()

    def wanted(self) -> bytes:
        """Return the string that lets the program go on."""
        return FALSE


structure(
    "assert",
    Assert,
    takes(("condition", TEXT)),
    """End the program with exit code 1 unless the string is exactly `true`.

    Example:
        assert(@val_equal("a", "a"));
        println("as it should be");  # as it should be
    """,
)
structure(
    "assert_false",
    AssertFalse,
    takes(("condition", TEXT)),
    """End the program with exit code 1 unless the string is exactly `false`.

    Example:
        assert_false(@val_equal("a", "b"));
        println("as it should be");  # as it should be
    """,
)
