"""Calls to the daemon's control socket, as an attacker makes them: every verb, and values that no client would send."""

import json
import random

from netstrata.control.verbs import verbs

NAME = "org.netstrata.Control."
READING: tuple[tuple[str, dict[str, object]], ...] = (
    ("Status", {"below": True}),
    ("Why", {"process": "uplink"}),
    ("Watch", {"after": 0}),
    ("Graph", {}),
    ("Links", {}),
    ("Figures", {}),
    ("Files", {}),
    ("Goals", {}),
)
VERBS = [*verbs(), "Nothing", "", "\udcff", "\0"]
NAMES = [*dict.fromkeys(name for verb in verbs().values() for name in verb.parameters), "nobody", "\ud800", ""]


def call(verb: str, parameters: object, **more: object) -> bytes:
    """Return a call as bytes; what JSON cannot say is said in the ways that Python's knows."""
    return json.dumps({"method": NAME + verb, "parameters": parameters, **more}).encode() + b"\0"


def hostile_value(chance: random.Random, depth: int = 0) -> object:
    """Return a value of some type, mostly one that no verb takes."""
    simple: list[object] = [
        None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**200), 10**4000, 1e308, float("inf"), float("nan"), "",
        "uplink", "\ud800", "\udcff\udcfe", "a\0b", "../../etc/shadow", "%s%n{0}", "\u202e",
        "x" * chance.randrange(2000),
    ]  # fmt: skip
    what = chance.randrange(len(simple) + 2) if depth < 4 else chance.randrange(len(simple))
    if what < len(simple):
        return simple[what]
    inner = [hostile_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return inner if what == len(simple) else {chance.choice(NAMES): value for value in inner}


def hostile_call(chance: random.Random) -> bytes:
    """Return a call that is one by its form: it must be answered."""
    names = chance.sample(NAMES, chance.randrange(4))
    return call(chance.choice(VERBS), {name: hostile_value(chance) for name in names})


def garbage(chance: random.Random) -> bytes:
    """Return what is no call: the daemon may let go."""
    whole = hostile_call(chance)
    kind = chance.randrange(6)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 400)) + b"\0"
    if kind == 1:
        return whole[: chance.randrange(len(whole))] + b"\0"
    if kind == 2:
        return b"[" * chance.choice((10, 1000, 100_000)) + b"\0"
    if kind == 3:
        return json.dumps(hostile_value(chance)).encode() + b"\0"
    if kind == 4:
        return json.dumps({"method": hostile_value(chance), "parameters": hostile_value(chance)}).encode() + b"\0"
    at = chance.randrange(len(whole))
    return whole[:at] + chance.randbytes(1) + whole[at + 1 :] + b"\0"
