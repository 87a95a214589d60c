"""Random programs and edits of them, as data: what runs is known of each, so that two of them can be compared."""

from random import Random
from typing import Any, Final

Block = list["Statement"]
Statement = tuple[Any, ...]
Programs = dict[str, Block]  # processes by name; templates are those whose name begins with t

TEMPLATES: Final = ("t0", "t1", "t2")  # each calls only those after it
PROCESSES: Final = ("p0", "p1", "p2", "p3")
NAMES: Final = ("N0", "N1", "N2", "N3")


class Editor:
    """Makes programs and changes them."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._said = 0

    def program(self) -> Programs:
        """Return a program."""
        found = {name: self._block(name, 2) for name in TEMPLATES}
        for name in self._random.sample(PROCESSES, self._random.randint(1, 3)):
            found[name] = self._block(name, 0)
        return found

    def edited(self, program: Programs) -> Programs:
        """Return a program with one to three changes."""
        found = {name: _copied(block) for name, block in program.items()}
        for _ in range(self._random.randint(1, 3)):
            self._edit(found)
        return found

    def _edit(self, program: Programs) -> None:
        processes = [name for name in program if name in PROCESSES]
        choice = self._random.randrange(8)
        if choice == 0 and len(processes) > 1:
            del program[self._random.choice(processes)]
        elif choice == 1:
            name = self._random.choice(PROCESSES)
            program[name] = self._block(name, 0)
        elif choice == 2:
            names = list(program)
            self._random.shuffle(names)
            blocks = {name: program[name] for name in names}
            program.clear()
            program.update(blocks)
        else:
            name = self._random.choice(list(program))
            block, attempted = self._inner(program[name], False)
            place = self._random.randint(0, len(block))
            if choice < 5 or place == len(block):
                block.insert(place, self._statement(name, 1, attempted))
            elif choice == 5 or len(block) == 1:
                block[place] = self._statement(name, 1, attempted)
            else:
                del block[place]

    def _inner(self, block: Block, attempted: bool) -> tuple[Block, bool]:
        """Return a block, or one inside of it, and whether it is of a Do."""
        inner = [(part, one[0] == "try") for one in block for part in one if isinstance(part, list)]
        if not inner or not self._random.randrange(3):
            return block, attempted
        found, is_attempt = self._random.choice(inner)
        return self._inner(found, attempted or is_attempt)

    def _block(self, where: str, depth: int, attempted: bool = False) -> Block:
        return [self._statement(where, depth, attempted) for _ in range(self._random.randint(1, 4))]

    def _statement(self, where: str, depth: int, attempted: bool) -> Statement:
        kinds = ["say"] * 4 + ["call", "manager", "spawn", "depend", "provide", "missing", "demand"]
        if depth < 2:
            kinds += ["if", "foreach", "block", "try"]
        kind = self._random.choice(kinds)
        self._said += 1
        if kind in ("call", "manager", "spawn", "demand"):
            later = [name for name in TEMPLATES if name > where] if where in TEMPLATES else list(TEMPLATES)
            return (kind, self._random.choice(later), self._said) if later else ("say", self._said)
        if kind == "provide":
            # Two that provide one name would be told apart by who came first.
            return ("say", self._said) if where in TEMPLATES else (kind, f"N{where[1:]}")
        if kind == "depend":
            if where in TEMPLATES or attempted:
                return ("say", self._said)  # a Do that is over does not care for what its body has found provided
            return (kind, self._random.choice(NAMES))
        if kind in ("if", "block", "try"):
            return (kind, self._block(where, depth + 1, attempted or kind == "try"), self._said)
        if kind == "foreach":
            return (kind, self._random.randint(0, 3), self._block(where, depth + 1, attempted))
        return (kind, self._said)


def _copied(block: Block) -> Block:
    return [tuple(_copied(part) if isinstance(part, list) else part for part in one) for one in block]


def text_of(program: Programs, layout: Random) -> str:
    """Return a program's text, laid out anyhow."""
    lines = []
    for name, block in program.items():
        word = "template" if name in TEMPLATES else "process"
        lines.append(
            f"{'# a comment' + chr(10) if layout.randrange(2) else ''}{word} {name} {{{_text(block, layout)}}}"
        )
    return "\n".join(lines)


def _text(block: Block, layout: Random) -> str:
    gap = layout.choice([" ", "\n    ", "\n\n\t"])
    return gap + gap.join(_statement_text(one, layout) for one in block) + gap


def _statement_text(statement: Statement, layout: Random) -> str:
    kind, *more = statement
    if kind == "say":
        return f'println("{more[0]}");'
    if kind == "missing":
        return f'strcmp("{more[0]}");'  # fails for ever
    if kind == "call":
        return f'call("{more[0]}", {{"{more[1]}"}}) c{more[1]};'
    if kind == "manager":
        return f'process_manager() m{more[1]}; m{more[1]}->start("one", "{more[0]}", {{}});'
    if kind == "spawn":
        return f'spawn("{more[0]}", {{}}) s{more[1]}; s{more[1]}->join();'
    if kind == "demand":
        return f'ondemand("{more[0]}", {{}}) o{more[1]}; o{more[1]}->demand();'
    if kind in ("provide", "depend"):
        return f'{kind}("{more[0]}");'
    body = "{" + _text(next(part for part in more if isinstance(part, list)), layout) + "}"
    if kind == "if":
        return f'If (@val_equal("x", "x")) {body};'
    if kind == "block":
        return f"Block {body} b{more[1]}; b{more[1]}->call();"
    if kind == "try":
        return f"Do {body};"
    elements = ", ".join(f'"e{number}"' for number in range(more[0]))
    return f"Foreach ({{{elements}}} As e) {body};"
