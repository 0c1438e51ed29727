# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON Schema of `capture.json`, for programs of others; made from the dataclasses, which are what counts.

`python -m ansible_collections.netmin.windows.plugins.plugin_utils._capture.json_schema` writes it; with `--check` it only says whether
it is current, by its exit status.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.json_schema import rendered, schema_of

from .model import Capture

PATH = Path(__file__).parent / "schema" / "capture.schema.json"


def text() -> str:
    """Return the schema file."""
    return rendered(schema_of(Capture))


def main(arguments: Sequence[str]) -> int:
    """Write the file, or with `--check` tell whether it is current."""
    if "--check" in arguments:
        current = PATH.is_file() and PATH.read_text(encoding="utf-8") == text()
        sys.stderr.write("" if current else f"{PATH.name} is not current\n")
        return 0 if current else 1
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
