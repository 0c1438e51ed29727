# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the RETURN of each module from `return_values.yml`, as Ansible has no documentation fragments for results.

Run it after a change of what a module returns: `.venv/bin/python tests/unit/return_values.py`. A test compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.netmin.windows.tests.unit.role_arguments import CHECKOUT, Indented

SOURCE = Path(__file__).with_suffix(".yml")
ATTRIBUTES = ("description", "type", "elements", "returned", "contains", "sample")
HEAD = "# Written by tests/unit/return_values.py; change return_values.yml beside that instead.\n"
RETURN = re.compile(rf'(?:{re.escape(HEAD)})?^RETURN = r"""\n.*?^"""\n', re.MULTILINE | re.DOTALL)


def modules() -> Mapping[str, Any]:
    """Return the results of all modules, as the source states them."""
    stated: Mapping[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))["modules"]
    return stated


def results(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return results as ansible-doc wants them, without those that are null.

    Raises:
        ValueError: something is said of one that is not said of results.
    """
    return {name: _result(result) for name, result in stated.items() if result is not None}


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(result.keys() - set(ATTRIBUTES))
    if unknown:
        raise ValueError(f"a result has no {unknown[0]}")
    found = {name: result[name] for name in sorted(result, key=ATTRIBUTES.index)}
    if "contains" in found:
        found["contains"] = results({name: field and {"returned": "always", **field} for name, field in found["contains"].items()})
    return found


def render(code: str, stated: Mapping[str, Any]) -> str:
    """Return the code of a module with what it returns."""
    # Narrower than a line may be: a word that has begun is not broken.
    text = yaml.dump(results(stated), Dumper=Indented, sort_keys=False, width=122, allow_unicode=False)
    made, count = RETURN.subn(lambda _found: f'{HEAD}RETURN = r"""\n{text}"""\n', code)
    if count != 1:
        raise ValueError(f"the module has {count} RETURN blocks, not one")
    return made


def main() -> None:
    """Write all of them."""
    for name, stated in modules().items():
        path = CHECKOUT / "plugins/modules" / f"{name}.py"
        path.write_text(render(path.read_text(encoding="utf-8"), stated), encoding="utf-8")


if __name__ == "__main__":
    main()
