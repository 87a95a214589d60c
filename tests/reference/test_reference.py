"""The written reference, and whether it is what the declarations say."""

from pathlib import Path

from netstrata.daemon.running.registry import make_registry
from netstrata.reference import reference

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


def test_the_reference_in_the_repository_is_what_the_declarations_say() -> None:
    registry = make_registry()

    pages = reference(registry.declarations(), registry.functions())

    for name, text in pages.items():
        written = (FOLDER / name).read_text()
        assert written == text, f"run: netstrata doc --all --markdown --output docs/reference ({name})"
    assert {file.name for file in FOLDER.iterdir()} == set(pages)


def test_every_declaration_is_on_exactly_one_page() -> None:
    registry = make_registry()
    pages = reference(registry.declarations(), registry.functions())

    text = "\n".join(pages.values())

    for declaration in (*registry.declarations(), *registry.functions()):
        mark = "@" if declaration.kind == "function" else ""
        assert text.count(f"\n## {mark}{declaration.name.replace('::', '->')}\n") == 1
