"""Random programs of many processes that call, spawn, depend on, block and undo each other.

They end: templates call only templates after them, what goes back counts how often, nothing that is run on the way down
waits, and a watchdog ends what is stuck.  (Two that undo each other in turn may still go on for ever: who runs a
program limits its steps.)
"""

from netstrata.testing.fuzz.choices import Choices

TEMPLATES = 5
_TURNS = ("up", "use", "down", "downup", "rdownup")
WATCHDOG_EXIT = 3


class Flow:
    """Makes one program."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.labels = 0
        self.template = 0  # the one at hand; statements may use those after it
        self.prefix = ""  # how a template reaches what stands in main
        self.names = 0

    def label(self) -> str:
        """Return a text that is printed nowhere else."""
        self.labels += 1
        return f"L{self.labels}"

    def name(self, start: str) -> str:
        """Return a new name."""
        self.names += 1
        return f"{start}{self.names}"

    def later(self) -> str:
        """Return the name of a template that may be called here."""
        return (
            f"T{self.template + self.choices.below(TEMPLATES - self.template)}" if self.template < TEMPLATES else "leaf"
        )

    def body(self, depth: int) -> str:
        """Return the statements of a block."""
        return " ".join(self.statement(depth + 1) for _ in range(1 + self.choices.below(3)))

    def statement(self, depth: int = 0) -> str:
        """Return one statement, or a few that belong together."""
        makers = [self.printing, self.blocking, self.calling, self.depending, self.managing, self.referring]
        if depth < 3:
            makers += [self.branching, self.attempting, self.going_back, self.looping]
        return self.choices.one_of(makers)(depth)

    def printing(self, depth: int) -> str:
        """Print, up or down; or, seldom, end the program."""
        if self.choices.once_in(40):
            return f'exit("{self.choices.below(3)}");'
        return f'{self.choices.one_of(("println", "rprintln"))}("{self.label()}");'

    def in_main(self) -> bool:
        """Say whether the statement is one of main, which should get to its end more often than not."""
        return not self.prefix

    def blocking(self, depth: int) -> str:
        """Use or turn a switch."""
        what = self.choices.one_of(("up", "down", "downup", "rdownup") if self.in_main() else _TURNS)
        return f"{self.prefix}b{self.choices.below(2)}->{what}();"

    def calling(self, depth: int) -> str:
        """Run a later template in one of many ways."""
        name, later = self.name("n"), self.later()
        condition = f'@val_equal({self.prefix}c0, "{self.choices.below(2)}")'
        return self.choices.one_of(
            (
                f'call("{later}", {{"{self.label()}"}}) {name}; println({name}.x);',
                f'spawn("{later}", {{}}) {name};',
                f'spawn("{later}", {{}}) {name}; {name}->join() j{name}; println(j{name}.x);',
                f'try("A", {{{condition}}}) {name}; println({name}.succeeded);',
                f'foreach({{"x", "y"}}, "{later}", {{}});',
                f'imperative("{self.choices.one_of(("leaf", "<none>"))}", {{}}, "leaf", {{}}, "1000");',
                f'call_with_caller_target("C", {{}}, "{self.prefix}c{self.choices.below(4)}") {name};',
                f'Block {{ println(_arg0); rprintln("{self.label()}"); }} {name}; {name}->call("{self.label()}");',
            )
        )

    def depending(self, depth: int) -> str:
        """Provide something, or depend on it."""
        what = self.choices.one_of(("X", "Y"))
        label = self.label()
        providing = (
            f'provide("{what}{label}");',
            f'provide_event("{what}");',
            f'{self.prefix}s->provide({{"{what}"}});',
            f'dynamic_provide("{what}", "{label}");',
            f'multiprovide("{what}");',
        )
        waiting = (
            f'depend("{what}");',
            'multidepend({"X", "Y"});',
            f'{self.prefix}s->depend({{{{"Y"}}, {{"X"}}}});',
            f'dynamic_depend("{what}");',
        )
        return self.choices.one_of(providing if self.in_main() else providing + waiting)

    def managing(self, depth: int) -> str:
        """Start or stop a process by name, or demand one."""
        name = f'"m{self.choices.below(3)}"'
        return self.choices.one_of(
            (
                f'{self.prefix}m->start({name}, "{self.later()}", {{}});',
                f"{self.prefix}m->stop({name});",
                f"{self.prefix}od->demand() d; println(d.x);",
            )
        )

    def referring(self, depth: int) -> str:
        """Give a thing another name, and use it."""
        name = self.name("r")
        counter = f"{self.prefix}c{self.choices.below(4)}"
        return self.choices.one_of(
            (
                f'alias("{counter}") {name}; println({name});',
                f"objref(^{counter}) {name}; println({name});",
                f"{self.prefix}h->ref() {name}; println({name}.c0);",
                f'var({{"a", ["k": {counter}]}}) {name}; println(@encode_value({name}));',
                f'{self.prefix}l->append("{self.label()}"); println(@encode_value({self.prefix}l));',
            )
        )

    def branching(self, depth: int) -> str:
        """Do one of two things."""
        condition = f'@num_lesser({self.prefix}c{self.choices.below(4)}, "{self.choices.below(3)}")'
        otherwise = f" else {{ {self.body(depth)} }}" if self.choices.below(2) else ""
        return f"If ({condition}) {{ {self.body(depth)} }}{otherwise};"

    def attempting(self, depth: int) -> str:
        """Do something, to be undone or broken off."""
        name = self.name("t")
        ending = self.choices.one_of(("", " _do->break();", " _do->rbreak();"))
        interrupt = ""
        if self.choices.below(2):
            interrupt = f' Interrupt {{ println("{self.label()}"); _do->break(); }}'
        return f"Do {{ {self.body(depth)}{ending} }}{interrupt} {name}; println({name}.succeeded);"

    def going_back(self, depth: int) -> str:
        """Go back to a point, a few times."""
        name = self.name("p")
        counter = f"{self.prefix}c{self.choices.below(4)}"
        go = self.choices.one_of(("go", "rgo"))
        step = f'{counter}->set(@num_add({counter}, "1"));'
        condition = f'@num_lesser({counter}, "{1 + self.choices.below(3)}")'
        return f"backtrack_point() {name}; If ({condition}) {{ {step} {self.body(depth)} {name}->{go}(); }};"

    def looping(self, depth: int) -> str:
        """Do something for each element."""
        name = self.name("e")
        return f'Foreach ({{"x", "y"}} As {name}) {{ println({name}); {self.body(depth)} }};'

    def many(self, most: int) -> str:
        """Return some statements, a line each."""
        return "\n    ".join(self.statement() for _ in range(1 + self.choices.below(most)))


_HEAD = """process main {
    rprintln("main bottom");
    blocker(@true) b0; blocker() b1; var("0") c0; var("0") c1; var("0") c2; var("0") c3; list() l;
    depend_scope() s; refhere() h;
    provide("PRE");
    ondemand("OD", {}) od; process_manager() m;
    provide("G");
"""
_TAIL = """    println("main up");
    sleep("50");
    exit("0");
}
process watchdog { sleep("400"); println("watchdog"); exit("%d"); }
template leaf { println("leaf"); var("leaf") x; rprintln("-leaf"); }
template A { println("+A"); rprintln("-A"); _try->assert(_arg0); println("A done"); }
template C { println(_caller); rprintln("-C"); }
template OD { rprintln("-OD"); depend("PRE") pre; pre.b0->use(); var("od") x; println("OD up"); }
"""


def flow_program(choices: Choices) -> str:
    """Return a program."""
    flow = Flow(choices)
    parts = [f"{_HEAD}    {flow.many(6)}\n{_TAIL % WATCHDOG_EXIT}"]
    flow.prefix = "g."
    for number in range(TEMPLATES):
        flow.template = number + 1
        start = f'println("+T{number}"); rprintln("-T{number}"); depend("G") g; var("T{number}") x;'
        parts.append(f"template T{number} {{\n    {start}\n    {flow.many(4)}\n}}\n")
    return "".join(parts)
