"""The pyramid as rows: processes, their floors, and what these run, with some of it folded."""

from typing import Any, Final, NamedTuple

from netstrata.cli.status import ago
from netstrata.cli.terminal_style import harmless
from netstrata.cli.watch.choice import Choice

MARKS: Final = {"up": "●", "complete": "●", "down": "◐", "waiting": "◐", "coming": "◐", "failed": "✗"}
COLOURS: Final = {
    "up": "green", "complete": "green", "down": "yellow", "waiting": "yellow", "coming": "yellow", "dying": "magenta",
    "undoing": "magenta", "undone": "magenta", "failed": "red",
}  # fmt: skip
LIGHTS_OUT: Final = {"down": "gone"}  # a light that is down looks as a floor that is gone
MANY: Final = 40  # processes; of more, all begin folded

Part = tuple[str, str]  # text, and rich's name of how it looks


class FloorRow(NamedTuple):
    """A line of the pyramid; statement is 0 in a process's own."""

    process: dict[str, Any]
    floor: dict[str, Any]
    depth: int
    folded: bool

    @property
    def name(self) -> str:
        """The process's path."""
        return str(self.process["process"])

    @property
    def statement(self) -> int:
        """The number of the statement, 0 for the process itself."""
        return int(self.floor.get("statement", 0))

    def parts(self, now: float) -> list[Part]:
        """Return the row as text."""
        return _floor(self.floor, self.depth, now) if self.floor else _process(self.process, self.depth, self.folded)


class Pyramid:
    """All processes that are known, and which of them are folded."""

    def __init__(self) -> None:
        self.processes: dict[str, dict[str, Any]] = {}
        self._turned: set[str] = set()  # those that are not as they begin
        self._turned_all = False

    def put(self, answer: list[dict[str, Any]], root: str | None) -> None:
        """Take what the daemon says of all processes, or of one of the program's and those below it."""
        new = {process["process"]: process for process in harmless(answer)}
        if root is None:
            self.processes = new
            return
        kept: dict[str, dict[str, Any]] = {}
        for path, process in self.processes.items():
            if path == root:
                kept.update(new)
            elif root_of(path) != root:
                kept[path] = process
        self.processes = kept if root in kept else {**kept, **new}

    def turn(self, path: str) -> None:
        """Fold a process, or unfold it."""
        self._turned ^= {path}

    def turn_all(self) -> None:
        """Fold or unfold all that were not turned by themselves."""
        self._turned.clear()
        self._turned_all = not self._turned_all

    def is_folded(self, path: str) -> bool:
        """Say whether a process shows no floors."""
        return (len(self.processes) > MANY) ^ self._turned_all ^ (path in self._turned)

    def counts(self) -> dict[str, int]:
        """Return how many processes there are in each state."""
        found: dict[str, int] = {}
        for process in self.processes.values():
            found[process["state"]] = found.get(process["state"], 0) + 1
        return found

    def rows(self, choice: Choice) -> list[FloorRow]:
        """Return the rows that are to be seen, what a floor runs below it."""
        found: list[FloorRow] = []
        seen: set[str] = set()
        waiting = [
            FloorRow(p, {}, 0, False)
            for p in reversed(self.processes.values())
            if root_of(p["process"]) == p["process"]
        ]
        while waiting:
            row = waiting.pop()
            if row.floor:
                if choice.has_floor(row.process, row.floor):
                    found.append(row)
                below = [self.processes[path] for path in row.floor.get("processes") or () if path in self.processes]
                waiting += [FloorRow(process, {}, row.depth + 1, False) for process in reversed(below)]
            elif row.name not in seen:
                seen.add(row.name)
                folded = self.is_folded(row.name)
                if choice.has_process(row.process):
                    found.append(row._replace(folded=folded))
                if not folded or choice.process:
                    waiting += [FloorRow(row.process, f, row.depth, False) for f in reversed(row.process["floors"])]
        return found


def root_of(path: str) -> str:
    """Return the program's own process that a path begins with."""
    return path.partition(".")[0]


def lights(process: dict[str, Any]) -> list[Part]:
    """Return a process's lights."""
    found: list[Part] = []
    for layer, state in sorted((process.get("lights") or {}).items()):
        state = LIGHTS_OUT.get(state, state)
        found.append((f" {layer}{MARKS.get(state, '○')}", COLOURS.get(state, "")))
    return found


def _process(process: dict[str, Any], depth: int, folded: bool) -> list[Part]:
    state = process["state"]
    head = f"{'  ' * depth}{'▸' if folded else '▾'} "
    mark: Part = (f"{MARKS.get(state, '○')} ", COLOURS.get(state, ""))
    name = process["process"] if not depth else _own_name(process["process"])
    return [(head, ""), mark, (name, "bold"), (f" {state}", COLOURS.get(state, "")), *lights(process)]


def _own_name(path: str) -> str:
    """Return what a path of a process has more than that of the one above it: `wired.3/helper` is `.3/helper`."""
    slash = path.rfind("/")
    at = path.rfind(".", 0, slash if slash >= 0 else len(path))
    return path[at:] if at >= 0 else path


def _floor(floor: dict[str, Any], depth: int, now: float) -> list[Part]:
    state = floor["state"]
    name = floor["name"] + (f" {floor['label']}" if floor.get("label") else "")
    since = f" {ago(now - floor['since'])}" if floor.get("since") else ""
    said = floor.get("waits") or " ".join(f"{k}={v}" for k, v in (floor.get("values") or {}).items())
    mark: Part = (f"{'  ' * depth}  {MARKS.get(state, '○')} ", COLOURS.get(state, ""))
    layer: Part = (f"L{floor['layer']} " if floor.get("layer") else "   ", "cyan")
    return [
        mark,
        (f"{floor['statement']:>2} ", ""),
        layer,
        (name, ""),
        (since, "dim"),
        (f"  {said}" if said else "", "dim"),
    ]
