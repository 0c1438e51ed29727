# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON Schema of a baseline, for editors; the parser is what counts, and a test holds the two together.

`python -m ansible_collections.netmin.windows.plugins.plugin_utils._baseline.json_schema` writes the file; with `--check` it only says
whether it is current, by its exit status.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .file import ENTRY_KEYS, KEYS, NAMING, REQUIRED, SCOPES, VERSION

FILE = Path(__file__).parent / "schema" / "baseline.schema.json"
SCHEMA_URL = "https://raw.githubusercontent.com/netmin/windows/main/plugins/plugin_utils/_baseline/schema/baseline.schema.json"
TEXT = {"type": "string", "minLength": 1}
SAID: dict[str, dict[str, Any]] = {
    "recipe": {**TEXT, "description": "Id of a recipe; listeners_info shows one for each listener that it knows."},
    "service": {
        **TEXT,
        "description": "Key name of a service or driver, or name of a program without a service. With 'port': who may hold it.",
    },
    "port": {**TEXT, "pattern": r"^\s*([Tt][Cc][Pp]|[Uu][Dd][Pp])/[0-9]{1,5}\s*$", "description": "A port, like tcp/443 or udp/137."},
    "scope": {"enum": list(SCOPES), "default": "wildcard", "description": "The widest scope on which it may listen."},
    "reason": {**TEXT, "description": "Why it may listen."},
    "owner": {**TEXT, "description": "Who answers for it."},
    "until": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "The last day on which it may, YYYY-MM-DD."},
    "ticket": {"type": ["string", "number"], "description": "Where it was decided."},
}


def schema() -> dict[str, Any]:
    """Return the schema."""
    entry = {
        "description": "What may listen; all that it names has to fit.",
        "type": "object",
        "properties": {name: SAID[name] for name in ENTRY_KEYS},
        "required": list(REQUIRED),
        "anyOf": [{"required": [name]} for name in NAMING],
        "additionalProperties": False,
    }
    lists = {"type": ["object", "null"], "additionalProperties": {"type": ["array", "null"], "items": {"$ref": "#/$defs/entry"}}}
    properties = {
        "version": {"const": VERSION, "description": "The version of this format."},
        "groups": {
            **lists,
            "description": "What the hosts of each inventory group may have listening. Groups add up; 'all' is every host.",
        },
        "hosts": {**lists, "description": "What single hosts may have listening besides."},
        "elsewhere": {"type": ["array", "null"], "items": TEXT, "description": "Groups and hosts that only other inventories have."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_URL,
        "title": "What may listen on the hosts of an inventory.",
        "type": "object",
        "properties": {name: properties[name] for name in KEYS},
        "required": ["version"],
        "anyOf": [{"required": ["groups"]}, {"required": ["hosts"]}],
        "additionalProperties": False,
        "$defs": {"entry": entry},
    }


def text() -> str:
    """Return the schema file."""
    return json.dumps(schema(), indent=2, ensure_ascii=True) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the file, or with `--check` tell whether it is current."""
    if "--check" in arguments:
        return 0 if FILE.read_text(encoding="utf-8") == text() else 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
