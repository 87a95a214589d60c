"""What statements have asked of the ports, and whether the kernel has it: up means that it is so."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from netstrata.engine.holders import HolderId, Holders
from netstrata.engine.process import DOWN, NONE, STATE_NAMES, UP, Statement
from netstrata.protocols.gateways import low_metric
from netstrata.protocols.rtnetlink import ROUTE_KINDS, decode_settings
from netstrata.protocols.rtnetlink.constants import AF_INET6, IFF_RUNNING, IP6_METRIC, RT_TABLE_MAIN, RTN_UNICAST
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.testing.model import ModelPorts
from netstrata.testing.schedules.kernel import WatchedKernel
from netstrata.values import mask_bits

_CHECKED = (
    "held_link", "held_up", "held_port", "held_address", "held_route", "held_rule", "held_neighbour", "held_settings",
    "watch_gateway",
)  # fmt: skip


class _Holding:
    """Holds something, and says meanwhile who does."""

    def __init__(self, holding: Any, kernel: WatchedKernel, statement: Statement | None) -> None:
        self._holding = holding
        self._kernel = kernel
        self._statement = statement

    async def __aenter__(self) -> Any:
        return await _OnBehalf(self._holding.__aenter__(), self._kernel, self._statement)

    async def __aexit__(self, *why: object) -> Any:
        return await _OnBehalf(self._holding.__aexit__(*why), self._kernel, self._statement)


class _OnBehalf:
    """Runs a coroutine on behalf of a statement; while it waits, others run."""

    def __init__(self, coroutine: Any, kernel: WatchedKernel, statement: Statement | None) -> None:
        self._coroutine = coroutine
        self._kernel = kernel
        self._statement = statement

    def __await__(self) -> Generator[Any, Any, Any]:
        go_on: Callable[[], Any] = partial(self._coroutine.send, None)
        while True:
            try:
                with self._kernel.on_behalf_of(self._statement):
                    waits_for = go_on()
            except StopIteration as end:
                return end.value
            try:
                go_on = partial(self._coroutine.send, (yield waits_for))
            except BaseException as error:
                go_on = partial(self._coroutine.throw, error)


class _Port:
    """A port that notes what is held through it; all else is the port's own."""

    def __init__(self, port: Any, asked: "Asked", statement: Statement | None = None) -> None:
        self._port = port
        self._asked = asked
        self._statement = statement

    def on_behalf_of(self, who: HolderId) -> "_Port":
        """Return the port for a statement."""
        return _Port(self._port.on_behalf_of(who), self._asked, self._asked.statement_of(who))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not name.startswith(("held_", "watch_")):
            return found

        def noted(*arguments: Any) -> Any:
            self._asked.note(self._statement, name, arguments)
            made = found(*arguments)
            return _Holding(made, self._asked.kernel, self._statement) if name.startswith("held_") else made

        return noted


class AskedPorts(ModelPorts):
    """The ports of a daemon, with what is asked of them."""

    def __init__(self, kernel: WatchedKernel, recovery: Recovery = NO_RECOVERY) -> None:
        super().__init__(kernel, recovery)
        self.asked = Asked(kernel)
        self.asked.former = self.netlink.lookup.former
        self.asked.follows = bool(recovery.left)
        for name in ("links", "addresses", "routes", "rules", "neighbours", "gateways"):
            setattr(self, name, _Port(getattr(self, name), self.asked))


class Asked:
    """What each statement has asked for last, with the indexes that links had then."""

    def __init__(self, kernel: WatchedKernel) -> None:
        self.holders: Holders | None = None
        self.former: Callable[[str], int] = lambda name: 0
        self.kernel = kernel
        self.follows = False
        self._of: dict[Statement, tuple[str, tuple[Any, ...], int, int]] = {}

    def statement_of(self, who: HolderId) -> Statement | None:
        """Return the statement that a port is called for."""
        found = self.holders.find(who.number) if self.holders is not None else None
        return found if isinstance(found, Statement) else None

    def note(self, who: Statement | None, operation: str, arguments: tuple[Any, ...]) -> None:
        """Note what a statement asks for."""
        if who is not None:
            self._of.pop(who, None)
            name, second = _links_of(operation, arguments)
            self._of[who] = (operation, arguments, self._index(name), self._index(second))

    def is_shared(self, statement: Statement) -> bool:
        """Say whether another statement that is there asks for some of the same."""
        asked = self._of.pop(statement, None)
        if asked is None:
            return False
        things = _things(*asked)
        return any(other.state != NONE and things & _things(*of) for other, of in self._of.items())

    @property
    def is_disjoint(self) -> bool:
        """Whether no two statements that are there ask for one thing, so that it does not matter who came first."""
        seen: set[tuple[Any, ...]] = set()
        for statement, of in self._of.items():
            things = _things(*of) if statement.state != NONE else set()
            if things & seen:
                return False
            seen |= things
        return True

    def missing(self) -> dict[Statement, str]:
        """Return what statements that are up have asked for, and the kernel does not have."""
        found: dict[Statement, str] = {}
        set_later: set[tuple[int, str]] = set()
        if self.follows:  # a daemon that was killed, whose order of values goes on
            set_later = self._as_some_want()
        for statement, (operation, arguments, link, second) in reversed(list(self._of.items())):
            if operation in ("watch_present", "watch_carrier"):
                wrong = self._watched(statement, operation, arguments[0], link)
            elif statement.state != UP or operation not in _CHECKED:
                continue
            elif operation == "held_settings":
                wrong = self._settings(link, arguments[1], set_later)
            else:
                check: Callable[[tuple[Any, ...], int, int], bool] = getattr(self, "_" + operation.partition("_")[2])
                wrong = "" if check(arguments, link, second) else str(arguments)
            if wrong:
                state = STATE_NAMES[statement.state]
                found[statement] = f"missing: {statement.title} is {state}, but {operation} {wrong} is otherwise"
        return found

    def _watched(self, statement: Statement, operation: str, name: str, link: int) -> str:
        """Return what is watched, if a statement sees it otherwise than it is."""
        if operation == "watch_present":
            is_so = self.kernel.links.named(name) is not None
        else:
            there = self.kernel.links.by_index.get(link)
            is_so = there is not None and bool(there.flags & IFF_RUNNING)
        return name if statement.state in (UP, DOWN) and (statement.state == UP) is not is_so else ""

    def _index(self, name: str) -> int:
        link = self.kernel.links.named(name) if name else None
        return link.ifindex if link is not None else self.former(name)

    def _link(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        (wish,) = arguments
        there = self.kernel.links.by_index.values()
        return any(one.kind == wish.kind for one in there)

    def _up(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        there = self.kernel.links.by_index.get(link)
        return there is not None and there.up

    def _port(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        there = self.kernel.links.by_index.get(link)
        return there is not None and there.master == second

    def _address(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        _, address, prefix, *_ = arguments
        table = self.kernel.addresses4 if len(address) == 4 else self.kernel.addresses6
        return any((one.local, one.prefix) == (address, prefix) for one in table.of_link.get(link, ()))

    def _route(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        (wish,) = arguments
        six = len(wish.destination) == 16
        routes = self.kernel.routes6 if six else self.kernel.routes4
        metric = wish.metric or (IP6_METRIC if six else 0)
        link = link if wish.kind == "unicast" else 0
        there = routes.at(wish.table, mask_bits(wish.destination, wish.prefix), wish.prefix)
        return any(
            one.type == ROUTE_KINDS[wish.kind]
            and one.metric == metric
            and one.source == wish.source
            and (one.type != RTN_UNICAST or one.gateway == (wish.gateway or b""))
            and link in (0, one.ifindex)
            for one in there
        )

    def _gateway(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        (wish,) = arguments
        routes, size = (self.kernel.routes6, 16) if wish.family == 6 else (self.kernel.routes4, 4)
        ways = {(low_metric(link, place), wish.address or b"") for place in range(9)}  # a link may have several
        return any((one.metric, one.gateway) in ways for one in routes.at(RT_TABLE_MAIN, bytes(size), 0))

    def _rule(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        (wish,) = arguments
        family = AF_INET6 if wish.family == 6 else 2
        rules = (one.read() for one in self.kernel.rules.of_family[family])
        return any((one.priority, one.table) == (wish.priority, wish.table) for one in rules)

    def _neighbour(self, arguments: tuple[Any, ...], link: int, second: int) -> bool:
        (wish,) = arguments
        there = self.kernel.neighbours.there.get((link, wish.address))
        return there is not None and there.mac == wish.mac

    def _as_some_want(self) -> set[tuple[int, str]]:
        """Return what of links is as some statement that is up wants it."""
        return {
            (link, word)
            for statement, (operation, arguments, link, _) in self._of.items()
            if statement.state == UP and operation == "held_settings" and link in self.kernel.links.by_index
            for word, value in arguments[1].items()
            if self._setting(link, word) == value
        }

    def _setting(self, link: int, word: str) -> Any:
        body = self.kernel.links.by_index[link].body()
        return decode_settings(body, 0, len(body), (word,))[word]

    def _settings(self, link: int, wanted: dict[str, Any], set_later: set[tuple[int, str]]) -> str:
        if link not in self.kernel.links.by_index:
            return f"{wanted}: the link is gone"
        for word, value in wanted.items():
            if (link, word) not in set_later and (now := self._setting(link, word)) != value:
                return f"{word} {value}: it is {now}"
            set_later.add((link, word))
        return ""


def _links_of(operation: str, arguments: tuple[Any, ...]) -> tuple[str, str]:
    """Return the names of the links that something is held on, and in."""
    first = arguments[0]
    if operation in ("held_up", "held_settings", "held_address", "watch_present", "watch_carrier"):
        return first, ""
    if operation == "held_port":
        return first.link, first.master
    if operation in ("held_route", "held_neighbour", "watch_gateway"):
        return first.link or "", ""
    return "", ""


def _things(operation: str, arguments: tuple[Any, ...], link: int, second: int) -> set[tuple[Any, ...]]:
    """Return what is held, so that it can be compared: what two hold is undone by the last of them."""
    if operation not in _CHECKED:
        return set()
    first = arguments[0]
    if operation == "held_settings":
        return {(link, word) for word in arguments[1]}
    if operation == "held_address":
        return {("address", link, *arguments[1:3])}
    if operation == "held_route":
        return {("route", mask_bits(first.destination, first.prefix), first.prefix, first.table)}
    if operation == "watch_gateway":  # who came first matters
        return {("route", bytes(16 if first.family == 6 else 4), 0, RT_TABLE_MAIN)}
    if operation == "held_neighbour":
        return {("neighbour", link, first.address)}
    if operation == "held_link":
        return {("link", first.name)}
    return {(operation, link, repr(first) if operation == "held_rule" else "")}
