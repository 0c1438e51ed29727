# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WQL text. The one place where values become WQL, and the one quoting function."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Where

# win32 WmiSdk, "Managed Object Format": identifiers of classes and properties; system ones begin with "__".
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def select(wmi_class: str, properties: Sequence[str] = (), where: Where | None = None) -> str:
    """Return `select … from …`; without properties all of them; a condition joins its values by `or`.

    Raises:
        InvalidOption: a class or property is no WMI name.
    """
    columns = ",".join(_name(name) for name in properties) or "*"
    query = f"select {columns} from {_name(wmi_class)}"
    if where is None:
        return query
    column = _name(where.property)
    return query + " where " + " or ".join(f"{column}={quote(value)}" for value in where.values)


def quote(value: str | int | bool) -> str:
    """Return a value as a WQL literal (win32 WmiSdk, "WHERE Clause": backslash and quotation mark are escaped)."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise InvalidOption(f"{text[:80]!a} is not a name of a WMI class or property")
    return text
