"""Statements that write: print, println, rprint, rprintln, log, log_r, log_fr."""

from netstrata.contract import Shape
from netstrata.contract.shapes.common import LIST, TEXT
from netstrata.engine.process import Statement
from netstrata.engine.structure import rest, structure, takes
from netstrata.values import List, Refused, Value, parse_number


def _joined(values: list[Value], first: int) -> bytes:
    """Return strings put together; anything else is refused."""
    words: list[bytes] = []
    for index in range(first, len(values)):
        value = values[index]
        if not isinstance(value, bytes):
            raise TEXT.refusal(index)
        words.append(value)
    return b"".join(words)


class Print(Statement):
    """Writes at once."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Write, and be up."""
        self.process.engine.outside.output(_joined(values, 0) + self.ending())
        self.up()

    def ending(self) -> bytes:
        """Return what comes after the text."""
        return b""


class PrintLine(Print):
    """Writes a line at once."""

    __slots__ = ()

    def ending(self) -> bytes:
        """Return what comes after the text."""
        return b"\n"


class ReversePrint(Statement):
    """Writes on the way down."""

    __slots__ = ("text",)

    def begin(self, values: list[Value]) -> None:
        """Keep the text for later."""
        self.text = _joined(values, 0) + self.ending()
        self.up()

    def ending(self) -> bytes:
        """Return what comes after the text."""
        return b""

    def die(self) -> None:
        """Write."""
        self.process.engine.outside.output(self.text)
        self.dead()


class ReversePrintLine(ReversePrint):
    """Writes a line on the way down."""

    __slots__ = ()

    def ending(self) -> bytes:
        """Return what comes after the text."""
        return b"\n"


structure(
    "print",
    Print,
    rest("text", TEXT),
    """Write strings to standard output, with nothing between or after them.

    Example:
        print("a", "b", "\\n");  # ab
    """,
)
structure(
    "println",
    PrintLine,
    rest("text", TEXT),
    """Write strings and a line feed to standard output.

    Example:
        println("a", "b");  # ab
    """,
)
structure(
    "rprint",
    ReversePrint,
    rest("text", TEXT),
    """Write strings to standard output on the way down.

    Example:
        println("done");  # done
        rprint("undone\\n");  # undone
    """,
)
structure(
    "rprintln",
    ReversePrintLine,
    rest("text", TEXT),
    """Write strings and a line feed to standard output on the way down.

    Example:
        println("done");  # done
        rprintln("undone");  # undone
    """,
)

LEVELS = (b"error", b"warning", b"notice", b"info", b"debug")


def _read_level(value: Value) -> int | None:
    if not isinstance(value, bytes):
        return None
    if value in LEVELS:
        return LEVELS.index(value) + 1
    number = parse_number(value, 5)
    return number if number else None


LEVEL = Shape[int](
    "a log level",
    "error, warning, notice, info, debug, or 1 to 5 in that order",
    _read_level,
    lambda level: LEVELS[level - 1],
    ('"error"', '"5"'),
    ('"ERROR"', '"0"', '"6"', "{}"),
)


def _level(values: list[Value]) -> int:
    level = LEVEL.read(values[0])
    if level is None:
        raise LEVEL.refusal(0)
    return level


class Log(Statement):
    """Logs at once."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Log, and be up."""
        level = _level(values)
        self.process.engine.outside.log(level, _joined(values, 1))
        self.up()


class ReverseLog(Statement):
    """Logs on the way down."""

    __slots__ = ("level", "text")

    def begin(self, values: list[Value]) -> None:
        """Keep the text for later."""
        self.level = _level(values)
        self.text = _joined(values, 1)
        self.up()

    def die(self) -> None:
        """Log."""
        self.process.engine.outside.log(self.level, self.text)
        self.dead()


class BothLog(ReverseLog):
    """Logs one text at once, and another on the way down."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Log the first, and keep the second."""
        self.level = _level(values)
        texts: list[bytes] = []
        for index in (1, 2):
            value = values[index]
            if not isinstance(value, List):
                raise LIST.refusal(index)
            try:
                texts.append(_joined(value.elements(), 0))
            except Refused as error:
                error.argument = index
                raise
        self.text = texts[1]
        self.process.engine.outside.log(self.level, texts[0])
        self.up()


structure(
    "log",
    Log,
    takes(("level", LEVEL)) + rest("text", TEXT),
    """Write a message to the log.

    Example:
        log("info", "the uplink is ", "up");
    """,
)
structure(
    "log_r",
    ReverseLog,
    takes(("level", LEVEL)) + rest("text", TEXT),
    """Write a message to the log on the way down.

    Example:
        log_r("info", "the uplink goes down");
    """,
)
structure(
    "log_fr",
    BothLog,
    takes(("level", LEVEL), ("up", LIST), ("down", LIST)),
    """Write one message to the log now, and another on the way down; each is a list of strings.

    Example:
        log_fr("info", {"the uplink is up"}, {"the uplink goes down"});
    """,
)
