# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which WinRM answers: the differences between versions that a client can see.

Knows no host: a host's WMI version string chooses the profile.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits and page shapes of one WinRM version.

    Attributes:
        stack: the number that Identify shows.
        whole_enumeration: an optimised Enumerate answers as many rows as fit, not exactly one.
        cim_errors: quota faults carry MSFT_WmiError in place of WSManFault.
        max_operations: open enumerations of one account (MaxConcurrentOperationsPerUser).
        max_shells: shells of one account (MaxShellsPerUser).
        max_envelope: bytes; more is neither accepted nor sent (MaxEnvelopeSizekb).
        page_share: bytes of a page, as a divisor of the envelope's size.
        max_batch: rows in one answer (MaxBatchItems).
        enumeration_idle: seconds between two Pulls (EnumerationTimeoutms).
        shell_idle: seconds (IdleTimeout of a shell).
        describes_shell: a new shell is answered with rsp:Shell, not with its reference alone.
        shell_prefix: what the ids of shells begin with.
        wmi_provider: how faults name the provider of WMI.
    """

    name: str
    stack: str
    whole_enumeration: bool
    cim_errors: bool
    max_operations: int
    max_shells: int
    max_envelope: int
    page_share: int
    max_batch: int = 32000
    enumeration_idle: float = 60.0
    shell_idle: float = 7200.0
    describes_shell: bool = True
    shell_prefix: str = ""
    wmi_provider: str = "WMI Provider"


# KB968930 on 2003 answers an optimised Enumerate with all rows (recorded answers of Server 2003). Quotas of 2.0:
# MS-WSMV 2.2.4.10, 2.2.4.36 and product notes 8, 19, 34.
WINRM_2_ON_5X = Profile(
    name="2.0 on 5.x", stack="2.0", whole_enumeration=True, cim_errors=False, max_operations=15, max_shells=5, max_envelope=150 * 1024,
    page_share=1,
)  # fmt: skip
# From 2008 R2 on one row comes first; pages were 75 to 77 kB at an envelope of 150 KiB in every recorded Pull.
WINRM_2 = Profile(
    name="2.0", stack="2.0", whole_enumeration=False, cim_errors=False, max_operations=15, max_shells=5, max_envelope=150 * 1024,
    page_share=2,
)  # fmt: skip
WINRM_3 = Profile(
    name="3.0", stack="3.0", whole_enumeration=False, cim_errors=True, max_operations=1500, max_shells=30, max_envelope=500 * 1024,
    page_share=2,
)  # fmt: skip


# Windows Vista and Server 2008 as they came, XP and 2003 with KB936059: MaxBatchItems 20, two shells, idle for 15 minutes
# (MS-WSMV 2.2.4.36 notes 27, 34; 3.1.4.1.14 note 9), a new shell is its reference alone, and a provider's name ends in a blank
# (recorded answers). That an optimised Enumerate answers as many rows as fit is taken from 2.0 on 5.x; no enumeration of 1.1 was
# recorded, and its number of operations is that of 2.0.
WINRM_1_1 = Profile(
    name="1.1", stack="1.1", whole_enumeration=True, cim_errors=False, max_operations=15, max_shells=2, max_envelope=150 * 1024,
    page_share=2, max_batch=20, shell_idle=900.0, describes_shell=False, shell_prefix="uuid:",
    wmi_provider="WMIv1 plugin for Windows Remote Management ",
)  # fmt: skip


def profile_of(windows_version: str, winrm_version: str | None = None) -> Profile:
    """Return the profile of a Windows version as WMI writes it ("5.1.2600"), or of a version of WinRM that differs from its own."""
    major, minor = (int(part) for part in windows_version.split(".")[:2])
    if winrm_version is None:
        winrm_version = "2.0" if (major, minor) < (6, 2) else "3.0"
    return {"1.1": WINRM_1_1, "2.0": WINRM_2_ON_5X if major < 6 else WINRM_2, "3.0": WINRM_3}[winrm_version]
