# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which programs are on which Windows as it is installed.

Sources: Microsoft, "Windows commands" and the command references of Windows 2000, XP and Server 2003 (`tasklist`, `sc`, `reg` from XP on,
`choice`, `timeout`, `waitfor`, `whoami`, `takeown` from Server 2003 on, `icacls` from its service pack 2 on); comparisons of XP Home with
Professional; notes that `at` ended with Windows 8. From memory: most of what has always been there.
"""

from __future__ import annotations

from winsim.host.machine import Machine

ALWAYS = (
    "arp", "attrib", "cacls", "calc", "chcp", "chkdsk", "cmd", "comp", "cscript", "expand", "fc", "find", "findstr", "hostname", "ipconfig",
    "label", "mode", "more", "nbtstat", "net", "net1", "netsh", "netstat", "notepad", "nslookup", "pathping", "ping", "print", "regedit",
    "regedt32", "regsvr32", "replace", "route", "runas", "rundll32", "secedit", "sort", "subst", "tracert", "tree", "wscript", "xcopy",
)  # fmt: skip
SINCE = {
    (5, 1): (
        "bootcfg", "driverquery", "fsutil", "getmac", "gpresult", "gpupdate", "logman", "openfiles", "reg", "regini", "sc", "schtasks",
        "shutdown", "systeminfo", "taskkill", "tasklist", "wmic",
    ),
    (5, 2): ("certutil", "choice", "clip", "forfiles", "takeown", "timeout", "waitfor", "where", "whoami"),
    (6, 0): ("auditpol", "bcdedit", "robocopy", "setx", "wevtutil", "winrm"),
    (6, 1): ("powershell", "pnputil"),
}  # fmt: skip
UNTIL = {"at": (6, 1)}
WITHOUT_WMIC = 26100
"""The first build that is installed without wmic."""

XP_HOME = (
    "bootcfg", "driverquery", "gpresult", "gpupdate", "logman", "openfiles", "schtasks", "secedit", "systeminfo", "taskkill", "tasklist",
)  # fmt: skip
"""What Windows XP Home lacks; give it as `without`."""

FILTERS = {(5, 1): 2, (5, 2): 1}
"""The service pack that brought `fltmc`."""

COM = ("chcp", "mode", "more", "tree")
"""Programs whose file ends in `.com`."""


def programs(host: Machine) -> frozenset[str]:
    """Return the names of the programs of a host, without their endings."""
    windows = host.spec.windows
    found = {*ALWAYS, *windows.tools}
    for since, names in SINCE.items():
        if windows.kernel >= since:
            found.update(names)
    found.update(name for name, last in UNTIL.items() if windows.kernel <= last)
    if windows.kernel >= (6, 0) or windows.service_pack >= FILTERS.get(windows.kernel, 99):
        found.add("fltmc")
    if windows.kernel >= (6, 0) or (windows.kernel == (5, 2) and windows.service_pack >= 2):
        found.add("icacls")
    if windows.build >= WITHOUT_WMIC:
        found.discard("wmic")
    return frozenset(found)


def place(host: Machine, name: str) -> str:
    """Return the full path of a program in small letters."""
    directory = host.spec.windows.directory.lower()
    ending = ".com" if name in COM else ".exe"
    if name in ("regedit", "notepad"):
        return rf"{directory}\{name}{ending}"
    if name == "wmic":
        return rf"{directory}\system32\wbem\{name}{ending}"
    return rf"{directory}\system32\{name}{ending}"
