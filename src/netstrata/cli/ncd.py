"""`netstrata-ncd`: NCD's own command line, exit codes, signals and log."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from netstrata.cli.options import FACILITIES, USAGE, BadUsage, Options, read_options
from netstrata.cli.streams import open_missing, write_log
from netstrata.ports import Output
from netstrata.system.output import StandardOutput

VERSION = b"BadVPN ncd 1.999.130\nCopyright (C) 2010 Ambroz Bizjak <ambrop7@gmail.com>\n"


def main() -> None:
    """Run `netstrata-ncd`."""
    open_missing()
    run_ncd(sys.argv[1:], sys.argv[0])


def run_ncd(words: list[str], name: str) -> NoReturn:
    """Do what a command line says, and end this interpreter."""
    output = StandardOutput()
    code = run(words, name, output)
    output.flush()
    os._exit(code & 0xFF)  # all is undone: there is nothing for the interpreter to finalise


def run(words: list[str], name: str, output: Output) -> int:
    """Do what a command line says, and return the exit code."""
    write = output.write
    try:
        options = read_options(words)
    except BadUsage as problem:
        _to_stderr(f"{problem}\nFailed to parse arguments\n")
        write(_usage(name))
        return 1
    if options.help:
        write(VERSION + _usage(name))
        return 0
    if options.version:
        write(VERSION)
        return 0
    if options.logger == "syslog" and options.facility not in FACILITIES:
        _to_stderr(f"unknown syslog facility: {options.facility}\n")
        return 1
    return _run_file(options, name, output)


def _run_file(options: Options, name: str, output: Output) -> int:
    from netstrata.daemon.logs.ncd_format import ERROR, INFO, NOTICE, Log
    from netstrata.daemon.logs.ncd_log import CORE, NcdLog
    from netstrata.daemon.running import garbage
    from netstrata.daemon.running.program import Settings, run_program
    from netstrata.daemon.running.registry import make_registry
    from netstrata.engine.surroundings import Retry
    from netstrata.language.diagnostics import ncd_log_lines
    from netstrata.language.load import load
    from netstrata.language.refusals import Refusals

    log = Log(_log_writer(options, name, output.write), options.level, options.channel_levels)
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
        Settings(
            NcdLog(log),
            log.shows(CORE, INFO),
            Retry(options.retry_ms),
            output.write,
            lambda level, text: log.line("ncd_log_msg", level, text.partition(b"\0")[0]),
            SystemPorts(output, as_ncd=True),
            [os.fsencode(word) for word in options.arguments],
            options.signal_exit_code,
            lambda: log.line(CORE, NOTICE, "termination requested"),
        ),
    )
    log.line(CORE, NOTICE, "exiting")
    return code


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _log_writer(options: Options, name: str, output: Callable[[bytes], None]) -> Callable[[int, bytes], None]:
    if options.logger == "stdout":
        return lambda level, line: output(line + b"\n")
    if options.logger == "syslog":
        import syslog

        facility = getattr(syslog, f"LOG_{options.facility.upper()}", syslog.LOG_DAEMON)
        syslog.openlog(options.ident or name, syslog.LOG_PID, facility)
        levels = (0, syslog.LOG_ERR, syslog.LOG_WARNING, syslog.LOG_NOTICE, syslog.LOG_INFO, syslog.LOG_DEBUG)
        return lambda level, line: syslog.syslog(levels[level], line.decode("utf-8", "replace"))
    return lambda level, line: write_log(line + b"\n")


def _to_stderr(text: str) -> None:
    write_log(os.fsencode(text))


def _usage(name: str) -> bytes:
    lines = ["Usage:", f"    {name}", *(f"        {line}" for line in USAGE)]
    return os.fsencode("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
