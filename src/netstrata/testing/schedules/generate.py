"""Random schedules, each from a seed."""

from collections.abc import Callable

from netstrata.testing.fuzz.choices import Choices, RandomChoices
from netstrata.testing.schedules.faults import ABSENT, ERRORS
from netstrata.testing.schedules.pools import Pools, pools_of
from netstrata.testing.schedules.program import Node, Program
from netstrata.testing.schedules.schedule import Schedule, Step

NAMES = ("X", "Y")
_MADE = (("d0", "dummy"), ("v0", "veth", "v1"), ("br0", "bridge"))
_MAKES = ('net.dummy("d0");', 'net.veth("v0", "v1");', 'net.bridge("br0");')
_READ_ERRORS = tuple(error for error in ERRORS if error not in ABSENT)
_ORDER = (
    "provide",
    *(f"net.{word}" for word in ("dummy", "veth", "bridge(", "mac", "link", "bridge.", "up", "ipv4.addr")),
)


class Programs:
    """Makes one program."""

    def __init__(self, choices: Choices, pools: Pools) -> None:
        self._c = choices
        self._p = pools
        self._templates: list[Node] = []
        self._variables = 0

    def program(self) -> Program:
        """Return one."""
        count = 1 + self._c.below(3)
        processes = [Node(f"process p{number}", self._process()) for number in range(count)]
        return Program((*processes, *self._templates))

    def _some(self, most: int, depth: int, link: str = "") -> tuple[Node, ...]:
        return tuple(self._one(depth, link) for _ in range(1 + self._c.below(most)))

    def _process(self) -> tuple[Node, ...]:
        """Return statements, mostly in an order in which they come up, with the links that they need."""
        nodes = self._some(6, 0)
        if self._c.below(5) == 0:
            return nodes
        text = "".join(line for node in nodes for line in node.lines(0))
        made = [
            Node(make) for make in _MAKES if any(f'"{name}"' in text for name in _made_by(make)) and self._c.below(4)
        ]
        return tuple(sorted([*made, *(node for node in nodes if node not in made)], key=_rank))

    def _one(self, depth: int, link: str) -> Node:
        if depth < 2 and self._c.once_in(6):
            return self._block(depth, link)
        makers: tuple[Callable[[str], str], ...] = (
            self._up, self._up, self._address, self._address, self._address, self._route, self._route, self._route,
            self._rule, self._neighbour, self._make, self._make, self._port, self._setting, self._setting,
            self._waiting, self._naming, self._sleep, self._gateway,
        )  # fmt: skip
        chosen = link if link and self._c.below(3) else f'"{self._c.one_of(self._p.links)}"'
        return Node(self._c.one_of(makers)(chosen))

    def _block(self, depth: int, link: str) -> Node:
        self._variables += 1
        name = f"x{self._variables}"
        kind = self._c.below(4)
        if kind == 0:
            return Node(
                f'Foreach ({{"eth0", "{self._c.one_of(self._p.links)}"}} As {name})', self._some(2, depth + 1, name)
            )
        if kind == 1:
            return Node("If (@true)", self._some(2, depth + 1, link))
        how = "call" if kind == 2 else "spawn"
        start = Node(f"var(_arg0) {name};")
        self._templates.append(Node(f"template T{name}", (start, *self._some(3, depth + 1, name))))
        return Node(f'{how}("T{name}", {{"{self._c.one_of(self._p.links)}"}});')

    def _up(self, link: str) -> str:
        return f"net.up({link});"

    def _address(self, link: str) -> str:
        network = self._c.one_of(self._p.networks)
        if ":" not in network:
            return f'net.ipv4.addr({link}, "{network}");'
        at_once = ', ["wait": "off"]' if self._c.below(2) else ""
        return f'net.ipv6.addr({link}, "{network}"{at_once});'

    def _route(self, link: str) -> str:
        network, via = self._c.one_of(self._p.routes)
        metric, table = self._c.one_of(self._p.metrics), self._c.one_of(self._p.tables)
        if table == "254":
            return f'net.ipv{6 if ":" in network else 4}.route("{network}", "{via}", "{metric}", {link});'
        ways = {"none": f'"dev": {link}', "blackhole": '"type": "blackhole"'}
        way = ways.get(via, f'"via": "{via}"' + (f', "dev": {link}' if self._c.below(2) else ""))
        return f'net.route("{network}", [{way}, "metric": "{metric}", "table": "{table}"]);'

    def _gateway(self, link: str) -> str:
        gateway = self._c.one_of(("192.0.2.254", "192.0.2.253", "2001:db8::9", "none"))
        kind = "vpn" if gateway == "none" else "ethernet"
        return f'net.gateway({link}, "{gateway}", ["preference": "{self._c.below(3)}", "kind": "{kind}"]);'

    def _rule(self, link: str) -> str:
        return f'net.rule(["priority": "{100 + self._c.below(2)}", "table": "{self._c.one_of(self._p.tables)}"]);'

    def _neighbour(self, link: str) -> str:
        return f'net.neigh({link}, "{self._c.one_of(self._p.neighbours)}", "{self._c.one_of(self._p.macs)}");'

    def _make(self, link: str) -> str:
        return self._c.one_of(_MAKES)

    def _port(self, link: str) -> str:
        options = self._c.one_of(("", ', ["isolated": "on"]'))
        return f'net.bridge.port("br0", {link}{options});'

    def _setting(self, link: str) -> str:
        return self._c.one_of(
            (
                f'net.mac({link}, "{self._c.one_of(self._p.macs)}");',
                f'net.link.set({link}, ["txqueuelen": "{500 + self._c.below(2)}", "alias": "a{self._c.below(2)}"]);',
                f'net.mtu({link}, "{1400 + self._c.below(2)}");',
                'net.rename("eth1", "wan");',
            )
        )

    def _waiting(self, link: str) -> str:
        device = self._c.one_of(("eth0", "d0", "br0"))  # none that a statement renames: that goes on and on
        return self._c.one_of((f"net.backend.waitlink({link});", f'net.backend.waitdevice("{device}");'))

    def _sleep(self, link: str) -> str:
        return 'sleep("100");'

    def _naming(self, link: str) -> str:
        name = self._c.one_of(NAMES)
        return self._c.one_of((f'provide("{name}");', f'depend("{name}");'))


def _made_by(make: str) -> list[str]:
    """Return the names of the links that a statement makes."""
    return make.split('"')[1::2]


def _rank(node: Node) -> int:
    ranks = (number for number, start in enumerate(_ORDER) if node.text.startswith(start))
    return next(ranks, len(_ORDER))


class Happenings:
    """Makes the steps of one schedule."""

    def __init__(self, choices: Choices, pools: Pools) -> None:
        self._c = choices
        self._p = pools

    def steps(self, most: int, daemon: bool) -> tuple[Step, ...]:
        """Return some; with a daemon that runs, also what goes wrong with it, and pauses."""
        found: list[Step] = []
        for _ in range(self._c.below(most + 1)):
            if not daemon:
                found.append(self._other())
                continue
            if self._c.below(4) == 0:
                found.append(self._fault())
            found.append(self._other())
            found.append(self._pause())
        return tuple(found)

    def _pause(self) -> Step:
        kind = self._c.below(4)
        if kind < 2:
            return ("settle",)
        return ("turns", str(self._c.below(4))) if kind == 2 else ("wait", self._c.one_of(("0.05", "1", "2.1")))

    def _fault(self) -> Step:
        kind = self._c.below(10)
        if kind == 9:
            return ("silence", str(self._c.below(5)))
        if kind < 4:
            what = self._c.one_of(("read", "write"))
            errors = ERRORS if what == "write" else _READ_ERRORS
            return ("fault", what, str(self._c.below(5)), self._c.one_of(errors))
        if kind == 4:
            return ("tear", str(1 + self._c.below(6)))
        if kind == 5:
            return ("late", self._c.one_of(("0.01", "0.5")))
        return (self._c.one_of(("lose", "double", "swap")), str(1 + self._c.below(3)))

    def _death(self) -> Step:
        """Return how the daemon is killed: where it stands, or at a write, a record in its undo journal, a sweep."""
        what = self._c.one_of(("crash", "write", "record"))
        when = self._c.one_of(("before", "after"))
        return ("die", what, str(self._c.below(12)), when) if what != "crash" else ("crash",)

    def changes(self) -> tuple[Step, ...]:
        """Return how the program is edited and read again, with pauses of any kind."""
        found: list[Step] = []
        for _ in range(1 + self._c.below(3)):
            found += [("whole",)] if self._c.below(6) == 0 else []
            found += [("change", str(self._c.below(10_000))) for _ in range(1 + self._c.below(3))]
            found += [("reload",), self._pause()]
        return tuple(found)

    def deaths(self) -> tuple[Step, ...]:
        """Return how the daemon is killed, perhaps twice, in its end, or while the next one sweeps."""
        kind = self._c.below(8)
        first = self._death()
        if kind < 4:
            return (first,)
        if kind == 4:
            return first, self._death(), ("settle",)
        if kind == 5:
            return ("end",), ("die", self._c.one_of(("write", "record")), str(self._c.below(6)), "after")
        edit = ("edit", str(self._c.below(50)))
        if kind == 6:
            again = (("whole",), ("crash",), ("settle",)) if self._c.below(2) else ()
            return edit, first, ("settle",), *again
        return (
            edit,
            ("crash",),
            ("die", "sweep", str(self._c.below(3)), self._c.one_of(("before", "after"))),
            ("settle",),
        )

    def _other(self) -> Step:
        link = self._c.one_of(self._p.links)
        kind = self._c.below(10)
        if kind < 3:
            return ("addr", self._c.one_of(("add", "del", "del", "life")), link, self._c.one_of(self._p.networks))
        if kind < 5:
            how = self._c.one_of(("add", "del", "del", "replace", "append"))
            return (
                "route",
                how,
                *self._c.one_of(self._p.routes),
                link,
                self._c.one_of(self._p.metrics),
                self._c.one_of(self._p.tables),
            )
        if kind == 5:
            return ("rule", self._c.one_of(("add", "del")), str(100 + self._c.below(2)), self._c.one_of(self._p.tables))
        if kind == 6:
            how = self._c.one_of(("add", "del", "replace"))
            return ("neigh", how, link, self._c.one_of(self._p.neighbours), self._c.one_of(self._p.macs))
        return self._link(link)

    def _link(self, link: str) -> Step:
        how = self._c.one_of(
            ("del", "del", "up", "down", "down", "carrier", "master", "mac", "txqueuelen", "alias", "mtu", "name",
             "plug", "unplug", "add", "dad", "duplicate")
        )  # fmt: skip
        if how == "dad":
            return ("dad",)
        if how == "duplicate":
            return ("duplicate", link, "2001:db8::1")
        if how == "add":
            made = self._c.one_of(_MADE)
            return ("link", "add", *made)
        if how in ("plug", "unplug"):
            return ("link", how, self._c.one_of(("eth0", "eth1")))
        words: dict[str, tuple[str, ...]] = {
            "carrier": ("on", "off"), "master": ("br0", "none"), "mac": self._p.macs, "txqueuelen": ("500", "700"),
            "alias": ("a0", "b"), "mtu": ("1400", "1500"), "name": ("wan", "eth1", "eth0"),
        }  # fmt: skip
        return ("link", how, link, self._c.one_of(words[how])) if how in words else ("link", how, link)


def schedule_of(seed: int, crashes: bool = False) -> Schedule:
    """Return the schedule of a seed: the same each time; if asked for, one in which the daemon is killed."""
    choices = RandomChoices(seed)
    pools = pools_of(choices)
    program = Programs(choices, pools).program()
    happenings = Happenings(choices, pools)
    before = happenings.steps(3, daemon=False)
    steps = [*happenings.steps(15 if choices.below(8) == 0 else 5, daemon=True)]
    if choices.below(4) == 0:
        if choices.below(2) == 0:  # nobody else does anything: what stands is known then
            before, steps = (), []
        at = choices.below(len(steps) + 1)
        steps[at:at] = happenings.changes()
    if choices.below(3) == 0:
        steps.insert(choices.below(len(steps) + 1), ("end",))
    if crashes:
        # Whose an address is that others gave a lifetime meanwhile, the next daemon cannot know.
        steps = [step for step in steps if step[:2] != ("addr", "life")]
        at = choices.below(len(steps) + 1)
        steps[at:at] = (*(("wait", "1") for _ in range(choices.below(2))), *happenings.deaths())
    return Schedule(before, program, tuple(steps))
