"""NCD's command line, read exactly as NCD reads it."""

import re

from netstrata.cli.channels import CHANNELS

LEVELS = {"none": 0, "error": 1, "warning": 2, "notice": 3, "info": 4, "debug": 5}
FACILITIES = ("authpriv", "cron", "daemon", "ftp", *(f"local{n}" for n in range(8)), "lpr", "mail", "news", "syslog",
              "user", "uucp")  # fmt: skip
LONGEST_NUMBER = 2**31 - 1


class BadUsage(Exception):
    """The command line is wrong: one line that names the problem."""


class NcdOptions:
    """What the command line asks for."""

    def __init__(self) -> None:
        self.help = False
        self.version = False
        self.logger = "stderr"
        self.facility = "daemon"
        self.ident = ""
        self.level = LEVELS["warning"]
        self.channel_levels: dict[str, int] = {}
        self.program: str | None = None
        self.syntax_only = False
        self.retry_ms = 5000
        self.signal_exit_code = 1
        self.arguments: list[str] = []


def read_options(words: list[str]) -> NcdOptions:
    """Read the words after the program's own name.

    Raises: BadUsage.
    """
    options = NcdOptions()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            options.arguments = words[at:]
            break
        if not word.startswith("--"):
            if options.program is not None:
                raise BadUsage(f"{word}: program is already specified (see --config-file)")
            options.program = word
            options.arguments = words[at:]
            break
        if word in _FLAGS:
            setattr(options, _FLAGS[word], True)
        elif word == "--channel-loglevel":
            _channel_level(options, words[at : at + 2])
            at += 2
        elif word in _VALUED:
            if at >= len(words):
                raise BadUsage(f"{word}: requires an argument")
            if not _VALUED[word](options, words[at]):
                raise BadUsage(f"{word}: wrong argument")
            at += 1
        elif word != "--no-udev":
            raise BadUsage(f"unknown option: {word}")
    if options.program is None and not (options.help or options.version):
        raise BadUsage("No program is specified.")
    return options


def _channel_level(options: NcdOptions, words: list[str]) -> None:
    if len(words) < 2:
        raise BadUsage("--channel-loglevel: requires two arguments")
    if words[0] not in CHANNELS:
        raise BadUsage("--channel-loglevel: wrong channel argument")
    level = _level(words[1])
    if level is None:
        raise BadUsage("--channel-loglevel: wrong loglevel argument")
    options.channel_levels[words[0]] = level


def _level(word: str) -> int | None:
    if word in LEVELS:
        return LEVELS[word]
    return int(word) if word in ("0", "1", "2", "3", "4", "5") else None


def _number(word: str) -> int:
    """Read a number as C's atoi does: what follows the digits is ignored, no digits are 0."""
    match = re.match(r"[ \t\n\v\f\r]*([+-]?[0-9]+)", word)
    return max(-1, min(LONGEST_NUMBER, int(match[1][:20]))) if match else 0


def _set_logger(options: NcdOptions, word: str) -> bool:
    options.logger = word
    return word in ("stdout", "stderr", "syslog")


def _set_level(options: NcdOptions, word: str) -> bool:
    level = _level(word)
    if level is not None:
        options.level = level
    return level is not None


def _set_program(options: NcdOptions, word: str) -> bool:
    options.program = word
    return True


def _set_retry(options: NcdOptions, word: str) -> bool:
    options.retry_ms = _number(word)
    return options.retry_ms >= 0


def _set_exit_code(options: NcdOptions, word: str) -> bool:
    options.signal_exit_code = _number(word)
    return options.signal_exit_code >= 0


def _set_facility(options: NcdOptions, word: str) -> bool:
    options.facility = word
    return True


def _set_ident(options: NcdOptions, word: str) -> bool:
    options.ident = word
    return True


_FLAGS = {"--help": "help", "--version": "version", "--syntax-only": "syntax_only"}
_VALUED = {
    "--logger": _set_logger,
    "--syslog-facility": _set_facility,
    "--syslog-ident": _set_ident,
    "--loglevel": _set_level,
    "--config-file": _set_program,
    "--retry-time": _set_retry,
    "--signal-exit-code": _set_exit_code,
}
USAGE = (
    "[--help]",
    "[--version]",
    "[--logger <stdout/stderr/syslog>]",
    "[--syslog-facility <string>]",
    "[--syslog-ident <string>]",
    "[--loglevel <0-5/none/error/warning/notice/info/debug>]",
    "[--channel-loglevel <channel-name> <0-5/none/error/warning/notice/info/debug>] ...",
    "[--config-file <program-file>]",
    "[--syntax-only]",
    "[--retry-time <ms>]",
    "[--signal-exit-code <number>]",
    "[--no-udev]",
    "[-- program-args...]",
    "[<program-file> program-args...]",
)
