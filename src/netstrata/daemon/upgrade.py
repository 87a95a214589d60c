"""An upgrade in place: the version that is installed by now is tried, then executed in our place.

    asked ── a child of that version reads command line and program ──> executed ── all is taken over ──> answered
               └ it cannot: all goes on as it was

What goes over are the control socket, its clients with what they have asked and were not told yet, the last events, the
goals that people ask for, and what people have changed of the program.  All else is taken over from outside, as after a
crash: see `system/held`.  What the next version does not understand of it is dropped with a word; then clients connect
again, and go on from their last event.
"""

import sys
import time
from asyncio import Future, Task, create_subprocess_exec, create_task, get_running_loop, subprocess, wait_for
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from netstrata.daemon.events.event_log import EventLog
from netstrata.engine.machine import Engine
from netstrata.system.handover import Handover, hand_over
from netstrata.version import VERSION

# Every daemon starts with this; what only an upgrade needs is imported where one begins or ends.
if TYPE_CHECKING:
    from netstrata.control.answers import Answer
    from netstrata.daemon.control.claim import Claim
    from netstrata.daemon.control.server import ControlSocket
    from netstrata.daemon.events.event import Event
    from netstrata.daemon.live.document import Document
    from netstrata.daemon.live.program import LiveProgram

ANSWER_S: Final = 30.0  # for the next version to say whether it can run
CHANGE_S: Final = 10.0  # for a change of the program to end
LOG_BYTES: Final = 4 << 20  # of the last events, as JSON
_MISFITS: Final = (KeyError, TypeError, ValueError, OSError)
_DROPPED: Final = "of the daemon before this one cannot be taken over, and is dropped"


class Upgrade:
    """What is between a daemon and the one before or after it under the same process id."""

    def __init__(
        self, stream: EventLog, say: Callable[[str], None], execute: Callable[[], None], handover: Handover | None
    ) -> None:
        """Take whom to tell, what executes the next version and does not come back, and what was handed to this one."""
        self._stream = stream
        self._say = say
        self._execute = execute
        self._handover = handover
        self._asked = time.monotonic()
        self._before = ""  # the version that we have followed, until all of its things are taken over
        self._inherits = False  # the control socket
        self._outcome: Future[Answer] | None = None
        self._task: Task[None] | None = None
        self._program: LiveProgram | None = None
        self.document: Document | None = None  # what people had changed of the program before us
        if handover is not None:
            if handover.problem:
                self._say(f"warning: what {_DROPPED}: {handover.problem}")
                handover.close()
            self._take("version", self._take_version)
            self._take("log", self._take_log)
            self._take("program", self._take_program)

    @property
    def is_adopting(self) -> bool:
        """Whether an upgrade has brought us here, and not all is taken over yet."""
        return bool(self._before)

    def _take(self, name: str, take: Callable[[Any], None]) -> None:
        """Take over a part of what was handed over, if it is there and makes sense."""
        part = self._handover.part(name) if self._handover is not None else None
        if part is not None:
            try:
                take(part)
            except _MISFITS as error:
                self._say(f"warning: the {name} {_DROPPED}: {type(error).__name__}: {error}")

    def _take_version(self, part: dict[str, Any]) -> None:
        self._before, self._asked = str(part["name"]), float(part["asked"])

    def _take_log(self, part: dict[str, Any]) -> None:
        from netstrata.daemon.events.recording import read_event

        events = [read_event(event) for event in part["events"]]
        if [event.seq for event in events] != list(range(part["seq"] - len(events) + 1, part["seq"] + 1)):
            raise ValueError("its events do not follow one another")
        self._stream.resume(str(part["id"]), part["seq"], events)

    def _take_program(self, part: dict[str, Any]) -> None:
        from netstrata.daemon.live.document import Document

        self.document = Document.of_json(part)

    def claim(self, path: str) -> "Claim | None":
        """Go on with the control socket that was handed over, None if none was for that path."""
        from netstrata.daemon.control.claim import Claim

        found: list[Claim] = []

        def take(part: dict[str, Any]) -> None:
            assert self._handover is not None
            if part["path"] == path:
                found.append(Claim.inherited(path, self._handover.descriptor(part["descriptor"]), part["inode"]))

        self._take("socket", take)
        if self._handover is not None and not found:
            self._handover.close()  # clients of another socket are not ours; and its path must be free
        self._inherits = bool(found)
        return found[0] if found else None

    def open(self, control: "ControlSocket", engine: Engine, program: "LiveProgram") -> None:
        """Go on with clients and goals, and know the program that runs."""
        self._program = program
        handover = self._handover
        if handover is not None:
            self._take("goals", lambda part: self._ask_again(part, engine))
            if self._inherits:
                self._take("clients", lambda part: control.take_over(part, handover))
            handover.close()

    def _ask_again(self, names: list[str], engine: Engine) -> None:
        from netstrata.engine.structures.names.goals import goals

        for name in names:
            text = name.encode("latin-1").decode("utf-8", "backslashreplace")
            goals(engine).ask(name.encode("latin-1"))
            engine.event(lambda text=text: self._stream.control(f"{text} is asked for still", goal=text, asked=True))  # type: ignore[misc]

    def ask(self) -> "Future[Answer]":
        """Begin an upgrade, unless one is under way; return what comes of it.

        Shapes: a failure is a Failure.
        """
        if self._outcome is None or self._outcome.done():
            self._outcome = get_running_loop().create_future()
            self._outcome.add_done_callback(lambda outcome: outcome.exception())  # nobody has to ask for it
            if not self.is_adopting:
                self._asked = time.monotonic()
                self._task = create_task(self._try())
        return self._outcome

    async def _try(self) -> None:
        problem = await _why_not() or await self._why_not_now()
        engine = self._stream.engine
        if engine is None or engine.terminating:
            problem = "the program has not begun, or ends"
        if not problem:
            self._execute()
        self._say(f"error: not run anew: {problem}")
        if self._outcome is not None:
            from netstrata.control.interface import NAME
            from netstrata.control.verbs import Failure

            self._outcome.set_exception(Failure(f"{NAME}.NotUpgraded", text=problem))

    async def _why_not_now(self) -> str:
        """Wait until the program is becoming no other one; say that it still is after a while."""
        if self._program is not None:
            try:
                await self._program.settled(CHANGE_S)
            except TimeoutError:
                return "the program is being changed, and something is not undone yet"
        return ""

    def settled(self) -> None:
        """Know that all is taken over that the program asks for, and all else is undone."""
        if not self.is_adopting:
            return
        before, self._before = self._before, ""
        seconds = time.monotonic() - self._asked
        self._stream.control(f"upgraded from {before} to {VERSION}: all is taken over after {seconds:.2f} s")
        if self._outcome is not None:
            self._outcome.set_result({"before": before, "after": VERSION, "seconds": round(seconds, 3)})

    def pack(self, claim: "Claim | None", control: "ControlSocket | None") -> dict[str, str]:
        """Hand over what goes over; return what the environment of the next version must have."""
        from netstrata.engine.structures.names.goals import goals

        engine = self._stream.engine
        parts: dict[str, Any] = {"version": {"name": VERSION, "asked": self._asked}}
        parts["goals"] = [name.decode("latin-1") for name in goals(engine).asked] if engine is not None else []
        if self._program is not None:
            parts["program"] = self._program.document.as_json()
        descriptors = []
        if claim is not None:
            parts["socket"] = claim.handed_over()
            descriptors.append(claim.socket.fileno())
        if control is not None:
            parts["clients"] = control.hand_over()
            descriptors += [client["descriptor"] for client in parts["clients"]]
        # Clients first: what is said of one that cannot go over is an event, too.
        parts["log"] = {"id": self._stream.id, "seq": self._stream.seq, "events": _last(self._stream)}
        return hand_over(parts, descriptors)


def _last(stream: EventLog) -> list[dict[str, Any]]:
    """Return the last events, without secrets: the next daemon learns only later what is secret."""
    kept: list[Event] = stream.after(0, stream.seq)
    found: list[dict[str, Any]] = []
    left = LOG_BYTES
    for event in reversed(kept):
        fields = event.as_dict()
        left -= len(repr(fields))
        if left < 0:
            break
        found.append(fields)
    return found[::-1]


async def _why_not() -> str:
    """Have a child of the version that is installed by now read our command line and program; say why it cannot."""
    at = len(sys.orig_argv) - len(sys.argv) + 1
    if sys.argv[1:2] != ["run"] or at < 1 or sys.orig_argv[at] != "run":
        return "it is not known how this daemon was started"
    words = [sys.executable, *sys.orig_argv[1 : at + 1], "--dry-run", *sys.orig_argv[at + 1 :]]
    from netstrata.system.children.spawn import stop_ignoring

    stop_ignoring()
    try:
        child = await create_subprocess_exec(
            *words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
    except OSError as error:
        return f"cannot execute {sys.executable}: {error.strerror}"
    try:
        _, said = await wait_for(child.communicate(), ANSWER_S)
    except TimeoutError:
        child.kill()
        return f"the version that is installed by now has not read the program within {ANSWER_S:g} s"
    if child.returncode == 0:
        return ""
    words_of = said.decode("utf-8", "backslashreplace").strip() or f"it ended with status {child.returncode}"
    return f"the version that is installed by now cannot run this program:\n{words_of}"
