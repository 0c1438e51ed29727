# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may write our key: before Windows Vista it gets an access list of its own, from then on its list is looked at.

Before Vista Power Users may write below HKLM\\SOFTWARE (from memory), and what they write into our key a restore would read. From Windows
Vista on only Administrators, SYSTEM and TrustedInstaller may, by the list that the key is handed down; unless somebody has changed that.
"""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, MethodFailed, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from . import timer

# MS-DTYP 2.4.2.4: the creator of what comes below (an entry that is only handed down), SYSTEM, Administrators; and the account of the
# service TrustedInstaller, the same on every Windows (Microsoft, "Security identifiers").
TRUSTED = frozenset({"S-1-3-0", "S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"})
# Microsoft, "Registry Key Security and Access Rights": set a value, create a subkey or a link; and of every object: delete it, change its
# list or owner, and the generic rights to write and to do all.
WRITES = 0x2 | 0x4 | 0x20 | 0x10000 | 0x40000 | 0x80000 | 0x40000000 | 0x10000000
_HERE = f"HKLM\\{OUR_KEY}"


def protect(writer: Writer, nt: NtVersion) -> str:
    """Let Administrators and SYSTEM alone write our key, which is made; return a warning where the host did not take it, or "".

    Windows 2000 has no tool for it in the box that asks nothing (from memory): there nothing is done.
    """
    if not timer.TOOLS_SINCE <= nt < timer.TASKS_SINCE:
        return ""
    writer.create_key(OUR_KEY)
    try:
        output = writer.run_line(timer.protecting_line())
    except (Fault, MethodFailed) as error:
        return _told(str(error))
    failed = output.exit_code or timer.NOT_SET in output.stdout
    return _told(output.stderr or output.stdout) if failed else ""


def strangers(reader: Reader, nt: NtVersion) -> str:
    """Return a warning where others than administrators may write our key, which is there; or "". Asks from Windows Vista on."""
    if nt < timer.TASKS_SINCE:
        return ""
    try:
        grants = reader.grants(OUR_KEY) or ()
    except (Fault, MethodFailed, ProtocolError) as error:
        return f"it could not be seen who may write {_HERE}, whose records a restore reads: {excerpt(error)}"
    found = dict.fromkeys(grant.name or grant.sid for grant in grants if grant.rights & WRITES and grant.sid not in TRUSTED)
    if not found:
        return ""
    who = excerpt(", ".join(found))
    return (
        f"{_HERE} can be written by {who}, who could plant there what a restore reads: take that right away in its access list, and "
        "look at the plan of a restore (--check --diff) before you run it"
    )


def _told(why: str) -> str:
    return f"{_HERE} could not be given an access list, so Power Users may write there what a restore would read: {excerpt(why)}"
