# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may write our key: before Windows Vista it gets an access list of its own.

There Power Users may write below HKLM\\SOFTWARE (from memory), and what they write into our key a restore would read. From Windows
Vista on only Administrators, SYSTEM and TrustedInstaller may, by the list that the key is handed down.
"""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from . import timer


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


def _told(why: str) -> str:
    where = f"HKLM\\{OUR_KEY}"
    return f"{where} could not be given an access list, so Power Users may write there what a restore would read: {excerpt(why)}"
