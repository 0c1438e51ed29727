# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a host opens remote command shells, as far as a plan has to know before it begins."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, Fault, MethodFailed, QuotaExceeded
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
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
    """Say why no command shell can be opened; empty where one was opened, which the next command uses.

    A policy shows in the registry. WinRM's own setting (winrm/config/winrs) and the rights of the account show in the attempt alone.

    Before 10.0 the endpoints were listed in a shell, so that shells are allowed wherever a plan gets this far.
    """
    if nt < WMI_ENDPOINTS_SINCE:
        return ""
    try:
        value = read_setting(reader, POLICY)
    except (Fault, MethodFailed):
        # The host does not let us look: the shell itself will tell.
        value = None
    if value is not None and value.data == 0:
        return FORBIDDEN
    try:
        reader.open_shell()
    except QuotaExceeded as error:
        return f"it needs a command shell, and this host has as many open as it allows ({excerpt(error)}); close some, and run again"
    except AccessDenied as error:
        return (
            f"it needs a command shell, and this host refuses to open one ({excerpt(error)}); allow it there (winrm/config/winrs, "
            "AllowRemoteShellAccess), or leave this to somebody at the host"
        )
    return ""


def allowed() -> str:
    """Know nothing against command shells."""
    return ""
