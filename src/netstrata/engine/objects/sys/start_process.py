"""Programs with pipes: sys.start_process, its wait, terminate, kill and pipes, and what is done with these."""

from typing import cast

from netstrata.contract import PortsFor
from netstrata.contract.shapes.children import EXIT_STATUS, PROGRAM
from netstrata.contract.shapes.common import ANY, TEXT, TRUTH
from netstrata.contract.shapes.programs import AS_DAEMON, NEVER, PIPE_MODE, PROGRAM_DEFAULTS, PROGRAM_OPTIONS
from netstrata.engine.byte_channel import ByteChannel, Read, Write, nothing
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.process import DOWN, DYING, NONE, UP, Waiting
from netstrata.engine.structure import gives, maybe, outside_object, takes
from netstrata.engine.timers import Timer
from netstrata.ports.children import Command, Program
from netstrata.ports.streams import Stream
from netstrata.values import Refused, Unavailable, Value, boolean

PIPE_READ = 8192  # bytes


class StartProcess(ExternalObject):
    """A program and its pipes; up also if it could not be started."""

    __slots__ = ("from_it", "holder", "kill_timer", "options", "path", "program", "to_it", "waits")

    def begin(self, values: list[Value]) -> None:
        """Start the program, and be up."""
        words, mode, self.options = self.declaration.bind(values)
        if mode.read and self.options.child.keep_stdout:
            raise Refused("keep_stdout leaves no standard output for a pipe (mode r)", argument=2)
        self.holder = self.process.engine.holders.add(self)
        self.program: Program | None = None
        self.to_it: Stream | None = None
        self.from_it: Stream | None = None
        self.kill_timer: Timer | None = None
        self.waits: dict[Wait, None] = {}
        self.path = ""
        command = PROGRAM.read(words)
        try:
            if command is None:
                raise Unavailable("start a program", f"expected {PROGRAM.name}: {PROGRAM.means}")
            self.path = command[0].decode("utf-8", "replace")
            children = PortsFor(self.ports, self.holder).children
            started = children.start_piped(Command(command, self.options.child), write=mode.write, read=mode.read)
        except Unavailable as error:
            self.note(str(error))
        else:
            self.program, self.to_it, self.from_it = started
            started.program.when_ended(self.later(self._ended))
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return `is_error`: whether it could not be started."""
        return boolean(self.program is None) if name == "is_error" else None

    def started(self) -> Program:
        """Return the program.

        Raises: Refused if it could not be started.
        """
        if self.program is None:
            raise Refused("the program could not be started")
        return self.program

    def waits_for(self) -> Waiting | None:
        """Say that the program has not ended."""
        return Waiting(f"waits until {self.path} ends")

    def _ended(self) -> None:
        if self.state == NONE:
            self.process.engine.holders.remove(self.holder)
        # The last of them to be pushed onto the engine's stack is the first to run.
        for wait in reversed(list(self.waits)):
            wait.over()
        self.waits.clear()
        if self.state == DYING:
            self._leave()

    def die(self) -> None:
        """End the program as the options say, and wait for that."""
        program = self.program
        if program is None or program.ended:
            self._leave()
            return
        options = self.options
        if options.term_on_deinit and options.kill_ms == AS_DAEMON:
            PortsFor(self.ports, self.holder).children.stop(program)
        elif options.term_on_deinit:
            program.terminate()
        if options.kill_ms == 0:
            program.kill()
        elif options.kill_ms not in (NEVER, AS_DAEMON):
            self.kill_timer = self.process.engine.timers.after(options.kill_ms, program.kill)

    def _leave(self) -> None:
        if self.kill_timer is not None:
            self.kill_timer.cancel()
        for stream in (self.to_it, self.from_it):
            if stream is not None:
                stream.close()
        self.to_it = self.from_it = None
        if self.program is None or self.program.ended:
            self.process.engine.holders.remove(self.holder)
        self.dead()


class Wait(ExternalObject):
    """Up when the program has ended."""

    __slots__ = ("status",)

    def begin(self, values: list[Value]) -> None:
        """Wait, unless it has ended."""
        start = cast(StartProcess, self.target)
        program = start.started()
        self.status = program.status
        if program.ended:
            self.up()
        else:
            start.waits[self] = None

    def waits_for(self) -> Waiting | None:
        """Say that the program has not ended."""
        return Waiting(f"waits until {cast(StartProcess, self.target).path} ends")

    def over(self) -> None:
        """Be up: it has ended."""
        self.status = cast(StartProcess, self.target).started().status
        if self.state == DOWN:
            self.up()

    def variable(self, name: str) -> Value | None:
        """Return `exit_status`."""
        return b"%d" % self.status if name == "exit_status" else None

    def die(self) -> None:
        """Wait no more."""
        cast(StartProcess, self.target).waits.pop(self, None)
        self.dead()


class Terminate(ExternalObject):
    """Sends SIGTERM."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Send it, and be up."""
        cast(StartProcess, self.target).started().terminate()
        self.up()


class Kill(ExternalObject):
    """Sends SIGKILL."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Send it, and be up."""
        cast(StartProcess, self.target).started().kill()
        self.up()


class Pipe(ExternalObject):
    """One end of a pipe, taken over from the program's statement."""

    __slots__ = ("flow", "is_error")

    def take(self, stream: Stream | None, mode: str) -> None:
        """Be up with the pipe's end."""
        if stream is None:
            raise Refused(f"there is no such pipe: it was not asked for (mode {mode}), or it was taken already")
        self.flow = ByteChannel(stream, self.later, self._broke, nothing)
        self.is_error = False
        self.up()

    def _broke(self, error: Unavailable) -> None:
        """Be down for an instant, for the program to see that the pipe is broken."""
        self.note(str(error))
        self.is_error = True
        if self.state == UP:
            self.down_up()

    def variable(self, name: str) -> Value | None:
        """Return `is_error`: whether the pipe broke."""
        return boolean(self.is_error) if name == "is_error" else None

    def die(self) -> None:
        """Close the pipe's end."""
        self.flow.close()
        self.dead()


class ReadPipe(Pipe):
    """The end from which the program's output is read."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Take it over."""
        start = cast(StartProcess, self.target)
        start.started()
        self.take(start.from_it, "r")
        start.from_it = None


class WritePipe(Pipe):
    """The end into which the program's input is written."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Take it over."""
        start = cast(StartProcess, self.target)
        start.started()
        self.take(start.to_it, "w")
        start.to_it = None


class PipeRead(Read):
    """Reads."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Read what comes next."""
        self.start(cast(Pipe, self.target).flow, PIPE_READ)


class PipeWrite(Write):
    """Writes."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Write all of it."""
        (data,) = self.declaration.bind(values)
        self.start(cast(Pipe, self.target).flow, data)


class PipeClose(ExternalObject):
    """Closes."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Close, and be up."""
        flow = cast(Pipe, self.target).flow
        flow.open()
        flow.close()
        self.up()


_START = "sys.start_process"
_EXAMPLE = """
    Example:
        sys.start_process({"/usr/bin/tr", "a-z", "A-Z"}, "rw") program;
        program->write_pipe() input;
        input->write("hello");
        input->close();
        program->read_pipe() output;
        output->read() text;
        program->wait() end;
        println(text, " ", end.exit_status);  # HELLO 0

    Source: NCD, sys.start_process.
    """
_STOPPED = """
    Example:
        sys.start_process({"/bin/sleep", "1000"}, "") program;
        program->{}();
        program->wait() end;
        println(end.exit_status);  # -1

    Source: NCD, sys.start_process.
    """
outside_object(
    _START,
    StartProcess,
    takes(("command", ANY), ("mode", PIPE_MODE)) + maybe("options", PROGRAM_OPTIONS, PROGRAM_DEFAULTS),
    """Start a program, with pipes; up at once, also if it cannot be started, and then `is_error` is true.

    On the way down it gets SIGTERM (unless term_on_deinit is false), SIGKILL after deinit_kill_time, and is waited for.
    """
    + _EXAMPLE,
    gives(is_error=TRUTH),
)
outside_object(f"{_START}::wait", Wait, (), "Wait for the program's end.\n" + _EXAMPLE, gives(exit_status=EXIT_STATUS))
outside_object(
    f"{_START}::terminate", Terminate, (), "Send SIGTERM to the program.\n" + _STOPPED.replace("{}", "terminate")
)
outside_object(f"{_START}::kill", Kill, (), "Send SIGKILL to the program.\n" + _STOPPED.replace("{}", "kill"))
for _name, _class, _doc in (
    ("read_pipe", ReadPipe, "Take over the pipe from the program's standard output; closed on the way down.\n"),
    ("write_pipe", WritePipe, "Take over the pipe to the program's standard input; closed on the way down.\n"),
):
    outside_object(
        f"{_START}::{_name}",
        _class,
        (),
        f"{_doc}\n    If it breaks, the statement goes down and up again with `is_error` true.\n{_EXAMPLE}",
        gives(is_error=TRUTH),
    )
outside_object(
    f"{_START}::read_pipe::read",
    PipeRead,
    (),
    "Wait for bytes, at most 8192; at the end there are none, and `not_eof` is false.\n" + _EXAMPLE,
    gives(value_=TEXT, not_eof=TRUTH),
)
outside_object(
    f"{_START}::write_pipe::write",
    PipeWrite,
    takes(("data", TEXT)),
    "Write all of it, and be up when it is in the pipe.\n" + _EXAMPLE,
)
outside_object(f"{_START}::write_pipe::close", PipeClose, (), "Close the pipe; the program reads its end.\n" + _EXAMPLE)
