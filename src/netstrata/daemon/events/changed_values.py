"""Values that change while their statement is up: by methods, whose declarations say so."""

from netstrata.contract.roles import BY_BEING_GONE, BY_BEING_UP
from netstrata.engine.process import UP, Statement


def changed_by(statement: Statement) -> list[Statement]:
    """Return the statements that are up and whose values a method has changed by being up, or by being gone.

    That is its object, and what that was got from.
    """
    found: list[Statement] = []
    if statement.declaration.roles.changes & (BY_BEING_UP if statement.state == UP else BY_BEING_GONE):
        thing = statement.target
        while isinstance(thing, Statement):
            if thing.state == UP:
                found.append(thing)
            thing = thing.target
    return found
