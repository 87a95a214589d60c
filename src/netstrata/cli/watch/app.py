"""The screen: the pyramid, the time line, and what keys do."""

import asyncio
import io
import os
import time
from collections.abc import Callable
from typing import Any, Final

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Input, Static

from netstrata.cli.client import Connection
from netstrata.cli.deadline import Deadline
from netstrata.cli.links import link_table
from netstrata.cli.queries import cause_line
from netstrata.cli.refusals import told
from netstrata.cli.terminal_style import Paint, harmless
from netstrata.cli.watch.choice import Choice
from netstrata.cli.watch.dialogs import HELP, KEYS, Asking, Choosing, Reading, room_in
from netstrata.cli.watch.feed import EventFeed
from netstrata.cli.watch.head import head_of
from netstrata.cli.watch.lines import EventLines
from netstrata.cli.watch.rows import FloorRow, Part, Pyramid, root_of
from netstrata.cli.watch.terminal import terminal_gone
from netstrata.cli.watch.timeline import TimeLine, here
from netstrata.control.errors import NoDaemon, Refusal

LOOK_S: Final = 0.1  # between two looks at what the feed has heard
ASK_S: Final = 0.25  # at least, between two questions how everything is
SHARE: Final = 4  # so many times longer than a question took nothing is asked, so that the daemon has its time
EACH: Final = 20  # processes that are asked for one by one; more, and everything is
LOW: Final = 12  # lines; with fewer there is none to spare between the lists
NARROW: Final = 60  # columns; with fewer the lists stand one above the other


class WatchApp(App[None]):
    """`netstrata watch`."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layout: vertical; background: ansi_default; color: ansi_default; }
    #head, #foot { height: 1; background: ansi_default; }
    #lists { height: 1fr; layout: horizontal; }
    #lists.narrow { layout: vertical; }
    EventLines { background: ansi_default; scrollbar-size: 0 0; }
    #pyramid { width: 45%; border-right: solid ansi_bright_black; }
    #line { width: 1fr; }
    #lists.narrow #pyramid { width: 100%; height: 50%; border-right: none; border-bottom: solid ansi_bright_black; }
    #lists.narrow.low #pyramid { border-bottom: none; }
    #lists.narrow #line { width: 100%; height: 1fr; }
    #text { display: none; height: 1; border: none; padding: 0; background: ansi_default; }
    #text.asked { display: block; }
    """
    BINDINGS = [
        Binding("q,ctrl+c", "quit", show=False),
        Binding("question_mark,f1", "help", show=False),
        Binding("enter,space", "turn", show=False),
        Binding("e", "turn_all", show=False),
        Binding("p", "process", show=False),
        Binding("l", "layer", show=False),
        Binding("c", "child", show=False),
        Binding("slash", "text", show=False),
        Binding("escape", "everything", show=False),
        Binding("r", "restart(False)", show=False),
        Binding("a", "restart(True)", show=False),
        *(Binding(str(layer), f"restart_layer({layer})", show=False) for layer in (1, 2, 3, 4)),
        Binding("w", "why", show=False),
        Binding("n", "links", show=False),
        Binding("g", "goals", show=False),
        Binding("f", "files", show=False),
    ]

    def __init__(self, path: str) -> None:
        """Take the path of a daemon's control socket."""
        super().__init__(ansi_color=True)  # the terminal's own colours, and none with NO_COLOR
        self._path = path
        self._feed = EventFeed(path)
        self._pyramid = Pyramid()
        self._rows: list[FloorRow] = []
        self._time_line = TimeLine()
        self._choice = Choice()
        self._connected = False
        self._in_terminal = False
        self._message = ""
        self._message_until = 0.0
        self._deadline = Deadline()
        self._stale: set[str] = {""}  # processes to ask for; "" is everything
        self._wanted = asyncio.Event()
        self._head = Static(id="head", markup=False)
        self._pyramid_lines = EventLines(lambda: len(self._rows), self._row_parts, False, "pyramid")
        self._event_lines = EventLines(lambda: len(self._time_line.shown), self._time_line.parts, True, "line")
        self._lists = Container(self._pyramid_lines, self._event_lines, id="lists")
        self._text = Input(placeholder="text", id="text", compact=True)
        self._foot = Static(id="foot", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self._head
        yield self._lists
        yield self._text
        yield self._foot

    def on_mount(self) -> None:
        """Begin to hear and to ask."""
        self._in_terminal = os.isatty(0)
        self._feed.start()
        self.set_interval(LOOK_S, self._look)
        self.set_interval(1, self._tick)
        self.run_worker(self._ask_again_and_again(), name="asking")
        self._pyramid_lines.focus()
        self._tell()

    def on_unmount(self) -> None:
        """Stop reading events."""
        self._feed.end()

    def on_resize(self, event: events.Resize) -> None:
        """Put the lists above each other where they would be too narrow."""
        self._lists.set_class(event.size.width < NARROW, "narrow")
        self._lists.set_class(event.size.height < LOW, "low")
        self._tell()

    def _row_parts(self, index: int, width: int) -> list[Part]:
        return self._rows[index].parts(time.time())

    # What the daemon says

    def _look(self) -> None:
        """Take in what the feed has heard."""
        heard = self._feed.take()
        if heard.connected is not None:
            self._connected = heard.connected
            self._stale = {""}
            self._tell()
        news = [here(text) for text in heard.news]
        if heard.missed:
            news.append(here(f"{heard.missed} events were missed: they came faster than they could be shown"))
        if heard.events or news:
            # A connection is told of before what comes through it, its end after that.
            gone = self._time_line.add(news + heard.events if self._connected else heard.events + news)
            self._event_lines.renew(gone)
        self._stale.update(root_of(event["process"]) for event in heard.events if event["process"])
        if any(event["kind"] in ("program", "control") for event in heard.events):
            self._stale = {""}  # of what was before an upgrade, nobody says that it is gone; or one is confirmed
        if self._stale and self._connected:
            self._wanted.set()

    async def _ask_again_and_again(self) -> None:
        """Ask how the processes are that something happened to, but not more often than the daemon can bear."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            stale, self._stale = self._stale, set()
            roots: list[str | None] = [None] if "" in stale or len(stale) > EACH else [*sorted(stale)]
            begun = time.monotonic()
            try:
                answers = await asyncio.to_thread(self._ask_for, roots)
            except NoDaemon:
                self._stale.add("")
            except Refusal:  # one of them has gone
                self._stale.add("")
                self._wanted.set()
            else:
                for root, answer in zip(roots, answers, strict=True):
                    self._pyramid.put(answer, root)
                self._renew_rows()
            await asyncio.sleep(max(ASK_S, SHARE * (time.monotonic() - begun)))

    def _ask_for(self, roots: list[str | None]) -> list[list[dict[str, Any]]]:
        daemon = Connection(self._path)
        try:
            asked: list[dict[str, str]] = [{"process": root} if root is not None else {} for root in roots]
            if None in roots:
                self._deadline.ask(daemon)
            return [daemon.call("Status", below=True, **one)["processes"] for one in asked]
        finally:
            daemon.close()

    def _renew_rows(self) -> None:
        """Make the rows again, with the same one chosen."""
        lines = self._pyramid_lines
        chosen = self._chosen_row()
        self._rows = self._pyramid.rows(self._choice)
        if chosen is not None:
            same = (i for i, r in enumerate(self._rows) if (r.name, r.statement) == (chosen.name, chosen.statement))
            lines.chosen = next(same, min(lines.chosen, max(0, len(self._rows) - 1)))
        lines.renew()
        self._tell()

    def _chosen_row(self) -> FloorRow | None:
        chosen = self._pyramid_lines.chosen
        return self._rows[chosen] if chosen < len(self._rows) else None

    # What the head and the foot say

    def _tick(self) -> None:
        """Let times go on, and messages go; end when the terminal is gone, which not everybody is told by a signal."""
        if self._in_terminal and terminal_gone():
            os._exit(1)  # to end in order would be to wait for the terminal
        self._pyramid_lines.refresh()
        if self._message and time.monotonic() > self._message_until:
            self._message = ""
        if self._deadline.line or not self._message:
            self._tell()

    def _say(self, message: str) -> None:
        self._message = harmless(message)
        self._message_until = time.monotonic() + 8
        self._tell()

    def _tell(self) -> None:
        self._head.update(head_of(self._pyramid.counts(), self._connected, self._deadline.line, self._path))
        foot = Text(no_wrap=True, overflow="ellipsis")
        seen = self._choice.told()
        if self._message:
            foot.append(self._message, "bold yellow")
        elif seen:
            foot.append(f"only {seen}", "bold cyan").append("  (Escape: everything)  ")
        else:
            foot.append(KEYS, "dim")
        self._foot.update(foot)

    # What keys do

    def action_help(self) -> None:
        """Say what keys do."""
        self.push_screen(Reading("netstrata watch", HELP))

    def action_turn(self) -> None:
        """Fold or unfold the chosen process; in the time line, show the chosen event whole."""
        if self._event_lines.has_focus:
            if self._time_line.shown:
                self.push_screen(Reading("event", self._time_line.whole(self._event_lines.chosen)))
            return
        row = self._chosen_row()
        if row is not None:
            self._pyramid.turn(row.name)
            self._renew_rows()

    def action_turn_all(self) -> None:
        """Fold or unfold all."""
        self._pyramid.turn_all()
        self._renew_rows()

    def _choose(self, choice: Choice) -> None:
        self._choice = choice
        self._time_line.choose(choice)
        self._renew_rows()
        self._event_lines.renew()
        self._event_lines.action_move(1_000_000_000)

    def action_process(self) -> None:
        """Show only the chosen process, or again all."""
        row = self._chosen_row()
        self._choose(self._choice._replace(process="" if self._choice.process or row is None else row.name))

    def action_layer(self) -> None:
        """Show only the next layer, or after the last one all."""
        self._choose(self._choice._replace(layer=(self._choice.layer + 1) % 5))

    def action_child(self) -> None:
        """Show only what the next child says, or after the last one all events."""
        names = ["", *sorted(self._time_line.children)]
        if len(names) == 1:
            self._say("no child has said anything")
        at = names.index(self._choice.child) if self._choice.child in names else 0
        self._choose(self._choice._replace(child=names[(at + 1) % len(names)]))

    def action_text(self) -> None:
        """Ask for a text that lines must have."""
        self._text.value = self._choice.text
        self._text.add_class("asked")
        self._text.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits as it is typed."""
        self._choose(self._choice._replace(text=event.value.lower()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go back to the lists."""
        self._text.remove_class("asked")
        self._pyramid_lines.focus()

    def action_everything(self) -> None:
        """Show everything again."""
        self._text.value = ""
        if self._text.has_class("asked"):
            self._text.remove_class("asked")
            self._pyramid_lines.focus()
        self._choose(Choice())

    def action_restart(self, above: bool) -> None:
        """Restart the chosen floor, or what stands on it."""
        row = self._chosen_row()
        if row is not None:
            self._restart(row, above)

    def action_restart_layer(self, layer: int) -> None:
        """Restart what stands on the last floor of a layer of the chosen process."""
        row = self._chosen_row()
        if row is not None:
            floors = [floor for floor in row.process["floors"] if floor.get("layer") == layer]
            if floors:
                self._restart(row._replace(floor=floors[-1]), True)
            else:
                self._say(f"{row.name} has no statement of layer {layer}")

    def _restart(self, row: FloorRow, above: bool) -> None:
        """Restart a floor, or what stands on it, once the user is sure."""
        statement = row.statement or 1
        floors = [floor for floor in row.process["floors"] if floor["state"] != "gone"]
        count = sum(floor["statement"] >= statement + above for floor in floors)
        name = row.floor.get("name", "all of it")
        what = f"what stands on {row.name}.{statement} {name}" if above else f"{row.name}.{statement} {name}"
        question = f"Restart {what}?\n{count} floor{'' if count == 1 else 's'} will be undone and brought up again."

        def answered(sure: bool | None) -> None:
            if sure:
                asked = {"process": row.name, "statement": statement, "above": above}
                self._do("Restart", asked, lambda _: self._say(f"restarting {what}"))

        self.push_screen(Asking(question), answered)

    def action_why(self) -> None:
        """Say why the chosen process is where it is."""
        row = self._chosen_row()
        if row is not None:
            self._do("Why", {"process": row.name}, lambda answer: self._show_why(row.name, answer["causes"]))

    def _show_why(self, process: str, causes: list[dict[str, Any]]) -> None:
        plain = Paint(io.StringIO())
        self.push_screen(Reading(f"why {process}", "\n".join(cause_line(cause, plain) for cause in causes)))

    def action_links(self) -> None:
        """Show the system's links, with their counters."""
        room = room_in(self.size.width)
        self._do(
            "Links", {}, lambda told: self.push_screen(Reading("links", "\n".join(link_table(told["links"], room))))
        )

    def action_goals(self) -> None:
        """Show the goals, to ask for one or to drop it."""
        self._do("Goals", {}, lambda answer: self._show_goals(answer["goals"]))

    def _show_goals(self, goals: list[dict[str, Any]]) -> None:
        if not goals:
            self._say("the program has no goals: see `netstrata doc on_request`")
            return
        lines = [f"{goal['name']:<20} {goal['state']:<8} {'asked for' if goal['asked'] else ''}" for goal in goals]

        def chosen(index: int | None) -> None:
            if index is not None:
                goal = goals[index]
                verb = "Drop" if goal["asked"] else "Ask"
                done = "dropped" if goal["asked"] else "asked for"
                self._do(verb, {"goal": goal["name"]}, lambda _: self._say(f"{goal['name']} is {done}"))

        self.push_screen(Choosing("goals", "Enter asks for one, or drops it", lines), chosen)

    def action_files(self) -> None:
        """Show the generated files, to read one."""
        self._do("Files", {}, lambda answer: self._show_files(answer["files"]))

    def _show_files(self, files: list[dict[str, Any]]) -> None:
        if not files:
            self._say("the program's statements have generated no files")
            return
        lines = [f"{file['name']:<30} {file['size']:>6} bytes  {file['process']}.{file['statement']}" for file in files]

        def chosen(index: int | None) -> None:
            if index is not None:
                name = files[index]["name"]
                self._do("Show", {"name": name}, lambda answer: self.push_screen(Reading(name, answer["text"])))

        self.push_screen(Choosing("generated files", "Enter opens one", lines), chosen)

    def _do(self, verb: str, asked: dict[str, Any], done: Callable[[dict[str, Any]], object]) -> None:
        """Ask the daemon for something beside all else, and go on with its answer."""

        def call() -> dict[str, Any]:
            daemon = Connection(self._path)
            try:
                return daemon.call(verb, **asked)
            finally:
                daemon.close()

        async def do() -> None:
            try:
                done(await asyncio.to_thread(call))
            except NoDaemon as problem:
                self._say(str(problem))
            except Refusal as refusal:
                self._say(told(refusal).sentence)

        self.run_worker(do())
