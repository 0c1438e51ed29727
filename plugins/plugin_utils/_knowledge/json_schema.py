# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON Schema of the entries, for editors; made from the dataclasses, which are what counts.

`python -m ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.json_schema` writes the files below `schema/`; with
`--check` it only says whether they are current, by its exit status.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .assumed import Assumption
from .benchmarks import Benchmark, ControlSetting
from .hazards import Hazard
from .model import Example, Method, Never, NeverFilter, PerUser, Protected, Recipe, RpcInterface, RpcPreset, Silent, Version

FOLDER = Path(__file__).parent / "schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
# One entry a file, or a list of entries in one file.
FILES: Mapping[str, tuple[type, bool]] = {
    "assumptions": (Assumption, True),
    "benchmark": (Benchmark, False),
    "benchmarks": (Benchmark, True),
    "control_settings": (ControlSetting, True),
    "hazards": (Hazard, True),
    "never_filter": (NeverFilter, True),
    "never_stop": (Never, True),
    "per_user": (PerUser, True),
    "protected": (Protected, True),
    "recipe": (Recipe, False),
    "rpc_filters": (RpcPreset, True),
    "rpc_interfaces": (RpcInterface, True),
    "silent": (Silent, True),
    "windows": (Version, False),
}
SCALARS = {str: "string", int: "integer", bool: "boolean"}
# Fields whose type says less than the loader checks.
CHOICES: Mapping[tuple[type, str], Sequence[str]] = {(Method, "stage"): STAGES, (Example, "outlook"): [str(word) for word in Outlook]}


def schema(name: str) -> dict[str, Any]:
    """Return the schema of one kind of file."""
    shape, many = FILES[name]
    return schema_of(shape, many=many)


def schema_of(shape: type, *, many: bool = False) -> dict[str, Any]:
    """Return the schema of one entry of a shape, or of many."""
    definitions: dict[str, Any] = {}
    entry = _of(shape, definitions)
    body = {"type": "array", "items": entry} if many else entry
    return {"$schema": DIALECT, "title": _first_line(shape), **body, "$defs": definitions}


def text(name: str) -> str:
    """Return a schema file."""
    return rendered(schema(name))


def rendered(made: Mapping[str, Any]) -> str:
    """Return the text of a schema file."""
    return json.dumps(made, indent=2, ensure_ascii=True) + "\n"


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type; dataclasses go into the definitions once."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        parts = [_of(part, definitions) for part in typing.get_args(kind) if part is not type(None)]
        return parts[0] if len(parts) == 1 else {"anyOf": parts}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(typing.get_args(kind)[1], definitions)}
    if origin is tuple:
        return {"type": "array", "items": _of(typing.get_args(kind)[0], definitions)}
    if kind is NtVersion:
        return {"type": "string", "pattern": r"^\d+\.\d+$"}
    if isinstance(kind, type) and is_dataclass(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    return {"type": SCALARS[kind]}


def _object(shape: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, said = typing.get_type_hints(shape), _attributes(shape)
    properties, required = {}, []
    for item in fields(shape):
        found = _of(hints[item.name], definitions)
        if (shape, item.name) in CHOICES:
            found = {"enum": list(CHOICES[shape, item.name])}
        properties[item.name] = {**found, **({"description": said[item.name]} if item.name in said else {})}
        if item.default is MISSING and item.default_factory is MISSING:
            required.append(item.name)
    return {
        "description": _first_line(shape),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _first_line(shape: type) -> str:
    return (inspect.getdoc(shape) or "").partition("\n")[0]


def _attributes(shape: type) -> dict[str, str]:
    """Return what a class's docstring says of its attributes."""
    section = (inspect.getdoc(shape) or "").partition("Attributes:\n")[2]
    entries = re.split(r"^ {4}(?=\w)", section, flags=re.MULTILINE)[1:]
    pairs = (entry.partition(": ") for entry in entries)
    return {name: " ".join(words.split()) for names, _colon, words in pairs for name in names.split(", ")}


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with `--check` tell which are not current."""
    if "--check" in arguments:
        stale = [name for name in FILES if _path(name).read_text(encoding="utf-8") != text(name)]
        sys.stderr.write("".join(f"{_path(name).name} is not current\n" for name in stale))
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in FILES:
        _path(name).write_text(text(name), encoding="utf-8")
    return 0


def _path(name: str) -> Path:
    return FOLDER / f"{name}.schema.json"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
