"""`netstrata-ncd`: NCD's own command line, exit codes, signals and log."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from netstrata.cli.options import FACILITIES, USAGE, BadUsage, NcdOptions, read_options
from netstrata.cli.streams import finish, open_missing
from netstrata.system.output.bounded_writer import standard_writers
from netstrata.system.output.standard_output import StandardOutput

VERSION = b"BadVPN ncd 1.999.130\nCopyright (C) 2010 Ambroz Bizjak <ambrop7@gmail.com>\n"


def main() -> None:
    """Run `netstrata-ncd`."""
    open_missing()
    run_ncd(sys.argv[1:], sys.argv[0])


class StandardStreams:
    """Standard output and standard error, and whether a signal has asked for the end."""

    def __init__(self) -> None:
        self.writers = standard_writers()
        self.output = StandardOutput(self.writers[0])
        self.signalled = False

    def asked(self, tell: Callable[[], None]) -> None:
        """Know that a signal asks for the end, and tell so."""
        self.signalled = True
        tell()

    def say(self, text: str) -> None:
        """Write to standard error."""
        self.writers[1].write(os.fsencode(text))


def run_ncd(words: list[str], name: str) -> NoReturn:
    """Do what a command line says, and end this interpreter."""
    streams = StandardStreams()
    code = run(words, name, streams)
    streams.output.flush()
    finish(streams.writers, streams.signalled)
    os._exit(code & 0xFF)  # all is undone: there is nothing for the interpreter to finalise


def run(words: list[str], name: str, streams: StandardStreams) -> int:
    """Do what a command line says, and return the exit code."""
    write = streams.output.write
    try:
        options = read_options(words)
    except BadUsage as problem:
        streams.say(f"{problem}\nFailed to parse arguments\n")
        write(_usage(name))
        return 1
    if options.help:
        write(VERSION + _usage(name))
        return 0
    if options.version:
        write(VERSION)
        return 0
    if options.logger == "syslog" and options.facility not in FACILITIES:
        streams.say(f"unknown syslog facility: {options.facility}\n")
        return 1
    return _run_file(options, name, streams)


def _run_file(options: NcdOptions, name: str, streams: StandardStreams) -> int:
    from netstrata.daemon.logs.ncd_format import ERROR, INFO, NOTICE, NcdFormat
    from netstrata.daemon.logs.ncd_log import CORE, NcdLog
    from netstrata.daemon.running import garbage
    from netstrata.daemon.running.program import EngineSettings, run_program
    from netstrata.daemon.running.registry import make_registry
    from netstrata.engine.environment import Retry
    from netstrata.language.diagnostics import ncd_log_lines
    from netstrata.language.load import load
    from netstrata.language.refusals import Refusals

    log = NcdFormat(_log_writer(options, name, streams), options.level, options.channel_levels)
    log.line(CORE, NOTICE, "initializing BadVPN ncd 1.999.130")
    garbage.keep_off()
    try:
        program = load(options.program or "", _read_file)
    except Refusals as refusals:
        for channel, _level, text in ncd_log_lines(refusals):
            log.line(channel, ERROR, text)
        return 1
    if options.syntax_only:
        return 0
    from netstrata.system.ports import SystemPorts

    log.line(CORE, NOTICE, "entering event loop")
    code = run_program(
        program,
        make_registry(),
        EngineSettings(
            NcdLog(log),
            log.shows(CORE, INFO),
            Retry(options.retry_ms),
            streams.output.write,
            lambda level, text: log.line("ncd_log_msg", level, text.partition(b"\0")[0]),
            SystemPorts(streams.output, as_ncd=True),
            [os.fsencode(word) for word in options.arguments],
            options.signal_exit_code,
            lambda: streams.asked(lambda: log.line(CORE, NOTICE, "termination requested")),
            writers=streams.writers,
            on_idle=streams.output.flush if options.logger == "stdout" else None,
        ),
    )
    log.line(CORE, NOTICE, "exiting")
    return code


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _log_writer(options: NcdOptions, name: str, streams: StandardStreams) -> Callable[[int, bytes], None]:
    if options.logger == "stdout":
        return lambda level, line: streams.output.write(line + b"\n")
    if options.logger == "syslog":
        from netstrata.daemon.logs.syslog import Syslog

        return Syslog(options.ident or name, options.facility).write
    return lambda level, line: streams.writers[1].write(line + b"\n")


def _usage(name: str) -> bytes:
    lines = ["Usage:", f"    {name}", *(f"        {line}" for line in USAGE)]
    return os.fsencode("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
