# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The arrows inside winsim, and what it may import from outside."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

import winsim

PACKAGE = Path(winsim.__file__).parent
PROJECT = Path(__file__).parents[2]

SIDES: Mapping[str, set[str]] = {
    "wire": set(),
    "cmd": set(),
    "host": set(),
    "providers": {"cmd", "host"},
    "batch": {"cmd", "host", "providers"},
}
"""Side -> sides that it may import: a host has never heard of WS-Man, a command
processor of neither, and the wire reaches one through `seams.py` only."""

LIBRARIES: Mapping[str, set[str]] = {
    "aiohttp": {"aiohttp"},
    "cryptography": {"cryptography"},
    "pyspnego": {"spnego"},
    "PyYAML": {"yaml"},
}
"""Dependency of the project -> modules that it brings."""

# Whoever loads this module has pytest; winsim itself does without.
PLUGIN = PurePosixPath("winsim/pytest_plugin.py")


def imports(path: PurePosixPath, tree: ast.AST) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield line and full name of everything that a module imports, wherever in it; `path` begins with the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, tuple(alias.name.split("."))) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = path.parts[: len(path.parts) - node.level] if node.level else ()
            module = (*start, *(node.module.split(".") if node.module else ()))
            # `from ..package import name` may name a module of that package as well as something in it.
            yield from ((node.lineno, (*module, alias.name)) for alias in node.names)


def problems(path: PurePosixPath, source: str) -> list[str]:
    """Return what is wrong with the imports of one module."""
    found = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in ("importlib.import_module", "import_module", "__import__"):
            found.append(f"{path}:{node.lineno}: imports by name at run time, which no reader and no test sees")
    for line, module in imports(path, tree):
        wrong = _inside(path, module) if module[0] == "winsim" else _outside(path, module[0])
        if wrong:
            found.append(f"{path}:{line}: {wrong}")
    return found


def _inside(path: PurePosixPath, module: tuple[str, ...]) -> str | None:
    here, there = path.parts[1], module[1] if len(module) > 1 else ""
    if here in SIDES and there in SIDES and there not in {here, *SIDES[here]}:
        return f"{here} must not know {there}"
    return None


def _outside(path: PurePosixPath, root: str) -> str | None:
    known = set(sys.stdlib_module_names).union(*LIBRARIES.values())
    if path == PLUGIN:
        known.add("pytest")
    return None if root in known else f"{root} is no dependency of winsim"


def modules() -> list[PurePosixPath]:
    return sorted(PurePosixPath("winsim", path.relative_to(PACKAGE).as_posix()) for path in PACKAGE.rglob("*.py"))


def test_the_sides_keep_apart_and_nothing_comes_from_a_client() -> None:
    found = [problem for path in modules() for problem in problems(path, (PACKAGE.parent / path).read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_every_side_is_there() -> None:
    assert {path.parts[1] for path in modules()} >= set(SIDES)


def test_the_project_names_its_libraries() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {re.split(r"[<>=!~\[; ]", line)[0] for line in project["dependencies"]} == set(LIBRARIES)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("wire/x.py", "from ..seams import Wmi"),
        ("scenarios/x.py", "from winsim.host import machine"),
        ("providers/x.py", "from ..host.machine import Machine"),
        ("providers/x.py", "from winsim.cmd import words"),
        ("host/x.py", "from . import clock"),
        ("wire/x.py", "import asyncio.events\nfrom aiohttp import web"),
        ("pytest_plugin.py", "import pytest"),
    ],
)
def test_a_good_import_passes(path: str, source: str) -> None:
    assert problems(PurePosixPath("winsim", path), source) == []


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        ("host/x.py", "from ..wire import names", "host must not know wire"),
        ("host/x.py", "from winsim.wire import names", "host must not know wire"),
        ("host/x.py", "import winsim.providers.wql", "host must not know providers"),
        ("wire/x.py", "from ..host.machine import Machine", "wire must not know host"),
        ("wire/x.py", "from .. import host", "wire must not know host"),
        ("cmd/x.py", "def f():\n    from ..host import files", "cmd must not know host"),
        ("providers/x.py", "from ..wire.names import SOAP", "providers must not know wire"),
        ("host/x.py", "import ansible_collections.netmin.windows", "ansible_collections is no dependency"),
        ("host/x.py", "from ansible.errors import AnsibleError", "ansible is no dependency"),
        ("server.py", "import winrm", "winrm is no dependency"),
        ("server.py", "import pytest", "pytest is no dependency"),
        ("server.py", "import importlib\nimportlib.import_module('winrm')", "at run time"),
    ],
)
def test_a_bad_import_is_named(path: str, source: str, said: str) -> None:
    (problem,) = problems(PurePosixPath("winsim", path), source)
    assert said in problem
