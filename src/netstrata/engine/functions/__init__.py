"""The functions of expressions: `@name(…)`."""
