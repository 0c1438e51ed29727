# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The arrows between the packages: who may import whom, and what from outside."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

CHECKOUT = Path(__file__).parents[2]
COLLECTION = ("ansible_collections", "netmin", "windows")
UTILS = ("plugins", "plugin_utils")
SHIPPED = ("plugins", "module_utils")
"""What Ansible sends along with a module to another machine, where nothing but Python is known to be."""

LAYERS = ("_core", "_knowledge", "_host", "_objects", "_stages", "_forecast", "_undo")
"""What one host is read into and what becomes of it: each may import all that stand before it."""
ARROWS: Mapping[str, set[str]] = {
    "action": {"_action", "_baseline", "_report", "_run", *LAYERS},
    "modules": {"module_utils"},
    "module_utils": set(),
    "doc_fragments": set(),
    "_action": {
        "module_utils",
        "_baseline",
        "_bundle",
        "_capture",
        "_collected",
        "_doctor",
        "_report",
        "_run",
        "_session",
        "_wsman",
        *LAYERS,
    },
    "_baseline": {"_report", "_run", *LAYERS},
    "_report": {"_run", *LAYERS},
    "_capture": {"_doctor", "_run", *LAYERS},
    "_collected": {"_capture", "_host", "_core"},
    "_doctor": {"_run", "_wsman", *LAYERS},
    "_bundle": {"_collected", "_forecast", "_objects", "_host", "_core"},
    "connection": {"_action"},
    "_run": {"module_utils", "_wsman", *LAYERS},
    **{package: set(LAYERS[:number]) for number, package in enumerate(LAYERS)},
    "_objects": {"_host", "_core"},
    "_session": {"_wsman", "_core"},
    "_wsman": {"_core"},
}
"""Package -> packages that it may import besides itself."""

EDGE = {"action", "_action", "connection", "modules"}
ALWAYS_THERE = set(sys.stdlib_module_names) | {"yaml", "jinja2", "markupsafe"}
LIBRARIES = {"winrm": "pywinrm", "pypsrp": "pypsrp"}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, written out in full, and how it was written."""

    line: int
    module: tuple[str, ...]
    relative: bool
    guarded: bool


def package_of(path: PurePosixPath) -> str:
    """Return the package that a file below plugins/ belongs to."""
    return path.parts[2] if path.parts[1] == "plugin_utils" else path.parts[1]


def imports(path: PurePosixPath, tree: ast.AST, *, guarded: bool = False) -> Iterator[Import]:
    """Yield every import of a module, those in functions included; `path` is relative to the checkout."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, tuple(alias.name.split(".")), relative=False, guarded=guarded)
        elif isinstance(node, ast.ImportFrom):
            start = (*COLLECTION, *path.parts[: len(path.parts) - node.level]) if node.level else ()
            module = (*start, *(node.module.split(".") if node.module else ()))
            # `from ..package import name` may name a module of that package as well as something in it.
            for alias in node.names:
                yield Import(node.lineno, (*module, alias.name), relative=bool(node.level), guarded=guarded)
        elif isinstance(node, ast.Try) and catches_import_error(node):
            yield from imports(path, ast.Module(node.body, []), guarded=True)
            yield from imports(path, ast.Module([*node.orelse, *node.finalbody], []), guarded=guarded)
            for handler in node.handlers:
                yield from imports(path, handler, guarded=guarded)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from imports(path, ast.Module(node.body, []), guarded=True)
            yield from imports(path, ast.Module(node.orelse, []), guarded=guarded)
        else:
            yield from imports(path, node, guarded=guarded)


def catches_import_error(node: ast.Try) -> bool:
    """Tell whether a try statement lives on when a library is missing."""
    caught = {name.id for handler in node.handlers if handler.type for name in ast.walk(handler.type) if isinstance(name, ast.Name)}
    return bool(caught & {"ImportError", "ModuleNotFoundError"})


def problems(path: PurePosixPath, source: str) -> list[str]:
    """Return what is wrong with the imports of one file."""
    tree = ast.parse(source)
    found = [
        f"{path}:{node.lineno}: imports by name at run time, which no reader and no test sees"
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in ("importlib.import_module", "import_module", "__import__")
    ]
    for entry in imports(path, tree):
        wrong = problem_inside(path, entry) if entry.module[:3] == COLLECTION else problem_outside(package_of(path), entry)
        if wrong:
            found.append(f"{path}:{entry.line}: {wrong}")
    return list(dict.fromkeys(found))


def problem_inside(path: PurePosixPath, entry: Import) -> str | None:
    """Return what is wrong with an import of a module of the collection."""
    package = package_of(path)
    shipped = entry.module[3:5] == SHIPPED
    if entry.module[3:5] != UTILS and not shipped:
        return f"{'.'.join(entry.module)} is not below plugins/plugin_utils"
    below = entry.module[4 if shipped else 5 :]
    target = below[0] if below else ""
    if target == package:
        here, there = path.parts[2 if shipped else 3], below[1] if len(below) > 1 else ""
        # Between two folders of one package both ways are readable.
        deep = len(path.parts) > 4 and here != there
        return None if entry.relative or deep else "imports its own package by the full path; write it relatively"
    if target not in ARROWS[package]:
        return f"{package} must not import {target or 'all packages'}"
    if entry.relative:
        return f"crosses into {target} relatively; write the full path"
    return None


def problem_outside(package: str, entry: Import) -> str | None:
    """Return what is wrong with an import of something that is not ours."""
    root = entry.module[0]
    if root == "ansible":
        return None if package in EDGE else f"{package} must not import ansible; only the edge does"
    if package == SHIPPED[1]:
        return None if root in sys.stdlib_module_names else f"{root} may not be where a module runs"
    if root in ALWAYS_THERE or entry.guarded:
        return None
    return f"{root} may be missing: guard the import with `try … except ImportError`"


def module_of(path: PurePosixPath) -> tuple[str, ...]:
    """Return the full name of the module that a file is."""
    parts = path.with_suffix("").parts
    return (*COLLECTION, *(parts[:-1] if parts[-1] == "__init__" else parts))


def circles(sources: Mapping[PurePosixPath, str]) -> list[str]:
    """Return, for each circle of modules that import each other, one way around it; imports for the type checker alone count."""
    modules = {module_of(path): path for path in sources}
    arrows: dict[PurePosixPath, dict[PurePosixPath, None]] = {path: {} for path in sources}
    for path, source in sources.items():
        for entry in imports(path, ast.parse(source)):
            # What is imported is a module, or something in one.
            target = modules.get(entry.module) or modules.get(entry.module[:-1])
            if target is not None and target != path:
                arrows[path][target] = None
    found: list[str] = []
    done: set[PurePosixPath] = set()

    def follow(way: list[PurePosixPath]) -> None:
        for target in arrows[way[-1]]:
            if target in way:
                found.append(" -> ".join(str(path) for path in (*way[way.index(target) :], target)))
            elif target not in done:
                follow([*way, target])
        done.add(way[-1])

    for path in sources:
        if path not in done:
            follow([path])
    return found


def plugin_files() -> list[PurePosixPath]:
    """Return every Python file below plugins/, relative to the checkout."""
    return sorted(PurePosixPath(path.relative_to(CHECKOUT).as_posix()) for path in (CHECKOUT / "plugins").rglob("*.py"))


def read(path: PurePosixPath) -> str:
    """Return the source of a file of the checkout."""
    return (CHECKOUT / path).read_text(encoding="utf-8")


def test_every_arrow_points_down() -> None:
    found = [problem for path in plugin_files() for problem in problems(path, read(path))]
    assert not found, "\n".join(found)


def test_no_two_modules_import_each_other() -> None:
    found = circles({path: read(path) for path in plugin_files()})
    assert not found, "\n".join(found)


def test_every_package_is_known() -> None:
    folders = {path.name for path in (CHECKOUT / "plugins/plugin_utils").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= set(ARROWS)
    assert {package_of(path) for path in plugin_files()} >= {"_core", "_session", "_stages", "_wsman"}


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_each_client_library_is_imported_in_one_file(library: str) -> None:
    files = {path for path in plugin_files() for entry in imports(path, ast.parse(read(path))) if entry.module[0] == library}
    assert len(files) == 1, f"{LIBRARIES[library]} is imported in {sorted(map(str, files))}"
    assert package_of(files.pop()) == "_session"


def names_the_simulator(text: str) -> bool:
    """Tell whether a text names the package of the simulated hosts, by its name or by the one that it had."""
    return re.search(r"winsim|_simulator", text, re.IGNORECASE) is not None


def test_the_collection_does_not_name_the_simulator() -> None:
    """What can be found out by asking the simulator proves nothing about a Windows host."""
    shipped = [path for folder in ("meta", "playbooks", "plugins", "roles") for path in (CHECKOUT / folder).rglob("*")]
    texts = [path for path in shipped if path.is_file() and "__pycache__" not in path.parts]
    assert {path.suffix for path in texts} >= {".md", ".py", ".yml"}
    assert not [path.relative_to(CHECKOUT).as_posix() for path in texts if names_the_simulator(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("text", ["from winsim.host import machine", "{{ winsim_window }}", "WINSIM_PORT", "import x._simulator.seams"])
def test_a_name_of_the_simulator_is_seen(text: str) -> None:
    assert names_the_simulator(text)


OURS = "ansible_collections.netmin.windows.plugins.plugin_utils"
GOOD = {
    "relative inside a package": ("_session/x.py", "from .guard import READS"),
    "from the package below": ("_stages/x.py", f"from {OURS}._core.plan import Plan"),
    "a guarded library": ("_session/x.py", "try:\n    import requests\nexcept ImportError:\n    OK = False"),
    "for the type checker only": ("_session/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests"),
    "ansible at the edge": ("_action/x.py", "from ansible.errors import AnsibleError"),
}
BAD = {
    "upwards": ("_core/x.py", f"from {OURS}._wsman.wql import quote", "_core must not import _wsman"),
    "from a whole folder": ("_core/x.py", f"from {OURS} import _stages", "_core must not import _stages"),
    "stage to session": ("_stages/x.py", f"import {OURS}._session.driver", "_stages must not import _session"),
    "crossing relatively": ("_stages/x.py", "from .._core.plan import Plan", "crosses into _core relatively"),
    "own package in full": ("_core/x.py", f"from {OURS}._core.plan import Plan", "write it relatively"),
    "tests from plugins": ("_core/x.py", "import ansible_collections.netmin.windows.tests", "is not below plugins/plugin_utils"),
    "ansible below the edge": ("_session/x.py", "from ansible.errors import AnsibleError", "only the edge does"),
    "a library without a guard": ("_session/x.py", "import requests", "requests may be missing"),
    "a library in a function": ("_session/x.py", "def f():\n    import requests", "requests may be missing"),
    "a library in a handler": (
        "_session/x.py",
        "try:\n    import json\nexcept ImportError:\n    import requests",
        "requests may be missing",
    ),
    "another guard": ("_session/x.py", "try:\n    import requests\nexcept ValueError:\n    pass", "requests may be missing"),
    "by name": ("_action/x.py", "import importlib\nimportlib.import_module('winrm')", "at run time"),
}


@pytest.mark.parametrize("case", sorted(GOOD))
def test_a_good_import_passes(case: str) -> None:
    path, source = GOOD[case]
    assert problems(PurePosixPath(*UTILS, path), source) == []


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_bad_import_is_named(case: str) -> None:
    path, source, message = BAD[case]
    (problem,) = problems(PurePosixPath(*UTILS, path), source)
    assert message in problem


CIRCLES = {
    "of two": ({"_core/a.py": "from .b import x", "_core/b.py": "from . import a"}, "a.py -> plugins/plugin_utils/_core/b.py"),
    "in a function": ({"_core/a.py": "from .b import x", "_core/b.py": "def f():\n    from .a import x"}, "_core/b.py"),
    "for the type checker": (
        {"_core/a.py": "from .b import x", "_core/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import x"},
        "_core/b.py",
    ),
    "of three across packages": (
        {"_core/a.py": f"from {OURS}._host import b", "_host/b.py": "from .c import x", "_host/c.py": f"from {OURS}._core.a import x"},
        "_host/b.py -> plugins/plugin_utils/_host/c.py -> plugins/plugin_utils/_core/a.py",
    ),
    "with its own package": ({"_core/__init__.py": "from .a import x", "_core/a.py": f"from {OURS}._core import x"}, "__init__.py"),
}


@pytest.mark.parametrize("case", sorted(CIRCLES))
def test_a_circle_is_found(case: str) -> None:
    sources, way = CIRCLES[case]
    (found,) = circles({PurePosixPath(*UTILS, path): source for path, source in sources.items()})
    assert way in found


def test_two_ways_to_one_module_are_no_circle() -> None:
    sources = {"_core/a.py": "from . import b, c", "_core/b.py": "from .d import x", "_core/c.py": "from .d import x", "_core/d.py": ""}
    assert circles({PurePosixPath(*UTILS, path): source for path, source in sources.items()}) == []
