# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a policy forbids remote command shells, as far as a plan has to know before it begins."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .listing import WMI_ENDPOINTS_SINCE
from .settings import Setting, read_setting

# Microsoft, policy "Allow Remote Shell Access": 0 refuses every new shell; absent or 1 allows them.
POLICY = Setting(r"SOFTWARE\Policies\Microsoft\Windows\WinRM\Service\WinRS", "AllowRemoteShellAccess", RegistryType.DWORD)
FORBIDDEN = (
    f"it needs a command shell, and a policy forbids remote shells on this host ({POLICY.target} is 0); "
    "allow them there, or leave this to somebody at the host"
)


def forbidden(reader: Reader, nt: NtVersion) -> str:
    """Say why no command shell can be opened; empty where nothing is known against it.

    Before 10.0 the endpoints were listed in a shell, so that shells are allowed wherever a plan gets this far.
    """
    if nt < WMI_ENDPOINTS_SINCE:
        return ""
    try:
        value = read_setting(reader, POLICY)
    except (Fault, MethodFailed):
        # The host does not let us look: the shell itself will tell.
        return ""
    return FORBIDDEN if value is not None and value.data == 0 else ""


def allowed() -> str:
    """Know nothing against command shells."""
    return ""
