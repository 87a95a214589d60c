"""Files, directories and links that are there while a statement is up."""
