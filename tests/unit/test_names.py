# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that a reader meets twice: inside a package the name of a class stands for one thing, made there or imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import pytest

from .test_imports import COLLECTION, UTILS, imports, package_of, plugin_files, read

Sources = Mapping[PurePosixPath, str]

ALLOWED = {
    # Each stage has its own, and is the only one to look into it.
    ("_stages", "Desired"),
    # The row of a table of hosts; what WMI calls a row does not come near it.
    ("_run", "Row"),
}


def origins(path: PurePosixPath, source: str) -> Iterator[tuple[str, str]]:
    """Yield each class that a module makes or imports, with where it is made: a module of its own package, or another package."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, str(path)
    for entry in imports(path, tree):
        name = entry.module[-1]
        if entry.module[: len(COLLECTION) + len(UTILS)] == (*COLLECTION, *UTILS) and name[0].isupper() and not name.isupper():
            package = entry.module[len(COLLECTION) + len(UTILS)]
            if package != package_of(path):
                yield name, package


def twice(sources: Sources) -> set[tuple[str, str]]:
    """Return package and name of each class that is made in two places."""
    found: dict[tuple[str, str], set[str]] = {}
    for path, source in sources.items():
        for name, origin in origins(path, source):
            found.setdefault((package_of(path), name), set()).add(origin)
    return {key for key, places in found.items() if len(places) > 1}


def test_the_name_of_a_class_stands_for_one_thing_in_a_package() -> None:
    assert twice({path: read(path) for path in plugin_files() if path.parts[1] == UTILS[1]}) == ALLOWED


ONE, OTHER = PurePosixPath("plugins/plugin_utils/_run/one.py"), PurePosixPath("plugins/plugin_utils/_run/other.py")
IMPORTED = f"from {'.'.join((*COLLECTION, *UTILS))}._core.row import Row"


@pytest.mark.parametrize(
    ("one", "other", "is_twice"),
    [
        ("class Row: ...", "class Row: ...", True),
        ("class Row: ...", IMPORTED, True),
        ("class Row: ...", "from .one import Row", False),
        (IMPORTED, IMPORTED, False),
        ("class Row: ...", f"{IMPORTED} as TcpRow", True),
        ("class Row: ...", "ROW = 1", False),
    ],
)
def test_a_name_that_is_there_twice_is_found(one: str, other: str, is_twice: bool) -> None:
    assert twice({ONE: one, OTHER: other}) == ({("_run", "Row")} if is_twice else set())
