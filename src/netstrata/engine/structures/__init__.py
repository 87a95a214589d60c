"""The statements of the language itself."""
