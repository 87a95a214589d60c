"""Program text to checked program."""
