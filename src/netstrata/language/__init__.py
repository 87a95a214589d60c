"""Program text to checked program."""

from netstrata.language.load import load
from netstrata.language.refusals import Mistake, Refusals
from netstrata.language.tree import PlainProcess, PlainProgram

__all__ = ["Mistake", "PlainProcess", "PlainProgram", "Refusals", "load"]
