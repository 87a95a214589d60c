"""Random programs that compute: value trees, lists, text forms, numbers, functions; no two statements share a fate."""

from netstrata.testing.fuzz.choices import Choices

STRINGS = (
    '""',
    '"a"',
    '"b"',
    '"0"',
    '"1"',
    '"07"',
    '"18446744073709551615"',
    '"true"',
    '"x y"',
    r'"\x00\xff"',
    r'"\"\\"',
)
TEXTS = ("{", "}", "[", "]", ":", ", ", r"\"a\"", r"\"\"", r"\"\\x41\"", r"\"\\q\"", " ", "a", "#", "{}", "[]")
NUMERIC = ("add", "subtract", "multiply", "divide", "modulo", "min", "max", "lesser", "greater_equal", "equal")
_SHOW = "println(@encode_value(v));"
RELATIONS = ("lesser", "greater", "lesser_equal", "greater_equal", "equal", "different")


def value(choices: Choices, depth: int = 0) -> str:
    """Return a random value or expression, in program text."""
    kind = choices.below(8 if depth < 3 else 2)
    if kind < 2:
        return choices.one_of(STRINGS)
    inner = [value(choices, depth + 1) for _ in range(choices.below(4))]
    if kind < 4:
        return "{" + ", ".join(inner) + "}"
    if kind < 6:
        return "[" + ", ".join(f"{key}: {value(choices, depth + 1)}" for key in dict.fromkeys(inner)) + "]"
    return function(choices, depth)


def function(choices: Choices, depth: int = 0) -> str:
    """Return a random function call, in program text."""
    one, two = value(choices, depth + 1), value(choices, depth + 1)
    return choices.one_of(
        (
            f"@identity({one})",
            f"@concat({one}, {two})",
            f"@num_{choices.one_of(NUMERIC)}({one}, {two})",
            f"@val_{choices.one_of(RELATIONS)}({one}, {two})",
            f"@if({one}, {two}, @error())",
            f"@ifel({one}, {two}, {two})",
            f"@and({one}, {two})",
            f"@or({one}, @not({two}))",
            f"@encode_value({one})",
            f'@decode_value("{"".join(choices.one_of(TEXTS) for _ in range(choices.below(6)))}")',
            f"@decode_value(@encode_value({one}))",
            f"@concatlist({one}, {two})",
            f"@toupper({one})",
            f'@checksum("inverted_sum_bytes", {one})',
            f'@struct_decode({{"u8", "u16b"}}, {one})',
            f'@struct_encode({{{{"u16l", {one}}}}})',
        )
    )


def _where(choices: Choices) -> str:
    return choices.one_of(('"0"', '"1"', '"2"', '"a"', value(choices, 3)))


def _tree_step(choices: Choices) -> str:
    """Return one method call on a value object, its result being named."""
    where, what = _where(choices), value(choices, 2)
    on = choices.one_of(("v", "h"))
    return choices.one_of(
        (
            f"{on}->try_get({where}) h;",
            f"{on}->get({where}) h;",
            f"{on}->getpath({{{where}, {_where(choices)}}}) h;",
            f"{on}->insert({where}, {what}) h;",
            f"{on}->insert({what});",
            f"{on}->replace({where}, {what}) h;",
            f"{on}->replace_this({what}) h;",
            f"{on}->insert_undo({where}, {what}) h;",
            f"{on}->replace_undo({where}, {what}) h;",
            f"{on}->replace_this_undo({what}) h;",
            f'{on}->substr("{choices.below(3)}") h;',
            f"{on}->remove({where});",
            f"{on}->delete();",
            f"{on}->append({what});",
            f"{on}->reset({what});",
            f"Do {{ {on}->insert_undo({where}, {what}); {on}->replace_undo({where}, {what}); {_SHOW} }};",
        )
    )


def _list_step(choices: Choices) -> str:
    what = value(choices, 2)
    return choices.one_of(
        (
            f"l->append({what});",
            f"l->appendv({{{what}, {what}}});",
            "l->shift();",
            f'l->remove_at("{choices.below(3)}");',
            f"l->remove({what});",
            f"l->set({{{what}}}, l);",
            f'l->find("0", {what}) f; println(f.found, f.pos);',
            f'l->get("{choices.below(3)}") e; println(@encode_value(e));',
            f"l->contains({what}) e; println(e);",
        )
    )


def _statements(choices: Choices) -> list[str]:
    """Return the statements of one template."""
    kind = choices.below(3)
    if kind == 0:
        return [
            f"println(@encode_value({value(choices)}));",
            f"var({function(choices)}) x;",
            "println(@encode_value(x));",
        ]
    steps = 1 + choices.below(6)
    if kind == 1:
        start = f"list({value(choices, 1)}, {value(choices, 2)}) l;"
        return [start, *(f"{_list_step(choices)} println(@encode_value(l), l.length);" for _ in range(steps))]
    start = f"value({value(choices)}) v; v->getpath({{}}) h;"
    look = "println(@encode_value(v), h.exists, v.type); rprintln(h.exists);"
    return [start, *(f"{_tree_step(choices)} {look}" for _ in range(steps))]


def data_program(choices: Choices) -> str:
    """Return a program of some templates that compute and print; each stops for itself where something is refused."""
    count = 1 + choices.below(5)
    templates = []
    for number in range(count):
        body = "\n    ".join(_statements(choices))
        templates.append(
            f'template t{number} {{\n    println("{number}:");\n    {body}\n    println("{number} done");\n}}\n'
        )
    spawns = "\n    ".join(f'spawn("t{number}", {{}});' for number in range(count))
    return f'process main {{\n    {spawns}\n    sleep("5");\n    exit("0");\n}}\n' + "".join(templates)
