# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which Windows can be had as a throw-away machine, and how each is asked for.

`image` is the value of VERSION that the container image of dockur/windows takes for it (the function parseVersion of src/define.sh at
github.com/dockur/windows). `ids` are what this collection calls the Windows that should come out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

XP_2003, VISTA_AND_LATER = "xp_2003", "vista_and_later"


@dataclass(frozen=True, slots=True)
class Version:
    """A Windows that the image can install.

    Attributes:
        image: VERSION, as the image takes it.
        family: the folder below `oem` whose install.bat opens WinRM on it.
        ids: what this collection may call it.
        needs: what a person has to add, since it is not part of this Windows.
    """

    name: str
    image: str
    family: str
    ids: tuple[str, ...]
    needs: str = ""


# MS-WSMV, appendix of product behaviour: WinRM 2.0 comes with KB968930 for Windows XP SP3 and Server 2003 SP2, 1.1 with KB936059.
XP_NEEDS = (
    "WinRM is no part of it: put WindowsXP-KB968930-x86-ENG.exe (and .NET Framework 2.0 SP1, which it asks for) or "
    "WindowsXP-KB936059-x86-ENU.exe into a folder and name that with REAL_FILES"
)
SERVER_2003_NEEDS = "WinRM is no part of it: put the installer of KB968930 for it into a folder and name that with REAL_FILES"
ALL = (
    Version("xp", "xp", XP_2003, ("windows_xp",), XP_NEEDS),
    Version("2003", "2003", XP_2003, ("windows_server_2003",), SERVER_2003_NEEDS),
    Version("vista", "vista", VISTA_AND_LATER, ("windows_vista",)),
    Version("7", "7", VISTA_AND_LATER, ("windows_7",)),
    Version("2008r2", "2008", VISTA_AND_LATER, ("windows_server_2008_r2",)),
    Version("8.1", "8", VISTA_AND_LATER, ("windows_8_1",)),
    Version("2012r2", "2012", VISTA_AND_LATER, ("windows_server_2012_r2",)),
    Version("10", "10", VISTA_AND_LATER, ("windows_10",)),
    Version("2016", "2016", VISTA_AND_LATER, ("windows_server_2016",)),
    Version("2019", "2019", VISTA_AND_LATER, ("windows_server_2019",)),
    Version("2022", "2022", VISTA_AND_LATER, ("windows_server_2022",)),
    Version("11", "11", VISTA_AND_LATER, ("windows_11",)),
    Version("2025", "2025", VISTA_AND_LATER, ("windows_server_2025",)),
)
# The image installs them, too, but no WinRM was ever made for them.
WITHOUT_WINRM: Mapping[str, str] = {
    name: f"no WinRM was ever made for Windows {name}, and this collection speaks nothing else" for name in ("2000", "95", "98", "me")
}


class NoSuchWindows(Exception):
    """There is no such machine to be had."""


def version_named(name: str) -> Version:
    """Return a Windows by the name that a person gives.

    Raises:
        NoSuchWindows: the image does not install it, or nothing could talk to it.
    """
    wanted = name.strip().lower().removeprefix("windows").removeprefix("server").replace(" ", "").replace("_", "")
    if wanted in WITHOUT_WINRM:
        raise NoSuchWindows(f"WINDOWS={name}: {WITHOUT_WINRM[wanted]}")
    found = next((version for version in ALL if wanted == version.name.replace("_", "")), None)
    if found is None:
        raise NoSuchWindows(f"WINDOWS={name} is none of {', '.join(version.name for version in ALL)}")
    return found
