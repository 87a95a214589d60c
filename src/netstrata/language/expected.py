"""The words for a syntax error: what was found, what was expected, what to do."""

from netstrata.language.refusals import Mistake, printable
from netstrata.language.tokens import (
    ARROW,
    AS,
    BAD_STRING,
    CLOSE_BRACE,
    CLOSE_ROUND,
    CLOSE_SQUARE,
    COMMA,
    ELSE,
    END,
    IF,
    INCLUDE,
    INCLUDE_GUARD,
    NAME,
    OPEN_BRACE,
    PREFIXES,
    PROCESS,
    SEMICOLON,
    STRAY,
    STRING,
    TEMPLATE,
    UNCLOSED,
    Tokens,
    bad_escape,
)
from netstrata.values import Span

VALUE = "a value"
CLOSERS = (CLOSE_BRACE, CLOSE_ROUND, CLOSE_SQUARE)


class Unexpected(Exception):
    """A token where the grammar has no place for it."""

    def __init__(self, at: int, wanted: str, braces: int = 0, resume: int = -1) -> None:
        """Say which token it is.

        Shapes: wanted completes "expected …", or is a whole sentence with "at most" in it; braces is how many lists
        are open there; resume is the token to go on with, or -1.
        """
        super().__init__(at, wanted)
        self.at = at
        self.wanted = wanted
        self.braces = braces
        self.resume = resume


def syntax_mistake(tokens: Tokens, unexpected: Unexpected) -> Mistake:
    """Return the refusal for a token the grammar has no place for."""
    at = unexpected.at
    kind = tokens.kinds[at]
    if kind in (BAD_STRING, UNCLOSED, STRAY):
        return token_mistake(tokens, at)
    split = _split_name(tokens, at)
    if split is not None:
        return split
    wanted = unexpected.wanted
    span = tokens.span(at)
    if unexpected.resume >= 0:
        end = tokens.ends[unexpected.resume - 1]
        return Mistake(
            "this statement has no `;` at its end",
            Span(tokens.source, end, end),
            "every statement ends in `;`, also after the `}` of If, Foreach, Do and Block.",
            _log(tokens, at, "syntax error"),
        )
    message = wanted if "at most" in wanted else f"expected {wanted}, found {_found(tokens, at)}"
    return Mistake(message, span, _hint(tokens, at, wanted), _log(tokens, at, "syntax error"))


def token_mistake(tokens: Tokens, at: int) -> Mistake:
    """Return the refusal for a word that is no token."""
    kind, word, start = tokens.kinds[at], tokens.words[at], tokens.starts[at]
    if kind == BAD_STRING:
        bad, end = bad_escape(word)
        span = Span(tokens.source, start + bad, start + end)
        message = f"`{printable(word[bad:end])}` is no escape"
        hint = r"""the escapes are \" \\ \' \? \a \b \f \n \r \t \v \0 and \xHH; a backslash itself is \\."""
        log = "bad escape sequence in string"
    elif kind == UNCLOSED:
        span = Span(tokens.source, start, start + 1)
        message = "this string is never closed"
        hint = r'put a `"` at its end; a quote inside a string is written \".'
        log = "missing ending quote for string"
    else:
        span = tokens.span(at)
        message = f"`{printable(word)}` has no meaning here"
        hint = _stray_hint(word) if word[:1] == b"=" else _glued_string(tokens, at) or _stray_hint(word)
        log = "unrecognized character"
    return Mistake(message, span, hint, (("NCDConfigTokenizer", log), *_log(tokens, at, "tokenizer error")))


def _glued_string(tokens: Tokens, at: int) -> str:
    """Say where a string began, if what was found clings to its end: a quote is then often missing."""
    if not at or tokens.kinds[at - 1] != STRING or tokens.ends[at - 1] != tokens.starts[at]:
        return ""
    if tokens.kinds[at] not in (NAME, STRING, STRAY):
        return ""
    return f"the string before it began in line {tokens.span(at - 1).line}: is a quote missing there?"


def _stray_hint(word: bytes) -> str:
    first = word[:1]
    if first.isdigit():
        return f'numbers are strings, such as "{printable(word)}"; names begin with a letter or `_`.'
    if first == b"'":
        return 'strings stand between double quotes: "…".'
    if first in (b"/", b"*"):
        return "a comment begins with `#` and runs to the end of its line."
    if first == b"=":
        return "a value gets its name from a statement, `var(value) name;`; a map is `[key: value]`."
    if first == b"-":
        return "a method is called with `->`; negative numbers do not exist."
    if first[0] >= 128 or first[0] < 32:
        return "such bytes may stand only in strings and comments; is this a program?"
    return ""


def _split_name(tokens: Tokens, at: int) -> Mistake | None:
    """Return the refusal for a name that begins with a keyword, if that is what broke the syntax at a token."""
    for index in (at - 1, at):
        if index < 0 or tokens.kinds[index] not in PREFIXES.values():
            continue
        keyword, name = tokens.words[index], tokens.whole_name(index)
        if len(name) > len(keyword):
            word = name.decode("ascii")
            start = tokens.starts[index]
            return Mistake(
                f"`{printable(name)}` begins with the keyword `{keyword.decode('ascii')}`, which no name may do: "
                "it is read as the keyword and the rest",
                Span(tokens.source, start, start + len(name)),
                f"rename it: a name may have the word inside, or in lower case, as `my{printable(name)}`."
                if len(word) < 40
                else "rename it.",
                _log(tokens, at, "syntax error"),
            )
    return None


def _found(tokens: Tokens, at: int) -> str:
    kind, word = tokens.kinds[at], tokens.words[at]
    if kind == END:
        return "the end of the file"
    if kind == NAME:
        return f"the name `{printable(word)}`"
    if kind == STRING:
        return f"the string {printable(word)}"
    if kind in (PROCESS, TEMPLATE) or word in PREFIXES:
        return f"the keyword `{word.decode('ascii')}`"
    return f"`{word.decode('ascii')}`"


def _hint(tokens: Tokens, at: int, wanted: str) -> str:
    kind = tokens.kinds[at]
    before = tokens.kinds[at - 1] if at else END
    glued = _glued_string(tokens, at)
    if glued:
        return glued
    if kind in (INCLUDE, INCLUDE_GUARD):
        return "it stands outside of processes and templates."
    if kind == IF and before == ELSE:
        return "write `elif (…)` in one word."
    if before == COMMA and kind in CLOSERS:
        return "take the last comma out."
    if kind == ARROW and before == STRING:
        return "a method is called on a statement's name, not on a value."
    if "`As`" in wanted or kind == AS:
        return "a loop is `Foreach (values As name) { … };`, with these capital letters."
    if kind == OPEN_BRACE and "a name for the statement" in wanted:
        return "a block follows only `If`, `Foreach`, `Do` and `Block`, which begin with a capital letter."
    if kind == SEMICOLON and wanted.startswith("`process`"):
        return "take it out: nothing stands behind the `}` of a process or template."
    if wanted.startswith("a statement") and tokens.words[at] == b"@":
        return "a function stands where a value is wanted: `println(@name(…));`."
    if wanted.startswith("a statement") and kind == SEMICOLON:
        return "take the `;` out: a statement is `type(arguments) name;`."
    if wanted.startswith("a statement") and kind == CLOSE_BRACE:
        return "a block holds at least one statement."
    if kind in (PROCESS, TEMPLATE) and wanted.startswith("a statement"):
        return "a `}` is missing above: processes and templates do not nest."
    if kind in (PROCESS, TEMPLATE):
        return f"`{tokens.words[at].decode('ascii')}` is a reserved word."
    if kind == END and wanted.startswith("a statement"):
        return "a `}` is missing."
    return ""


def _log(tokens: Tokens, at: int, what: str) -> tuple[tuple[str, str], ...]:
    line, column = tokens.source.line_and_column(tokens.starts[at])
    return (
        ("NCDConfigParser", f"line {line}, character {column}: {what}"),
        ("NCDBuildProgram", f"file '{tokens.source.name}': failed to parse"),
    )
