"""The machine that runs compiled programs: processes, statements, and the structures of the language."""
