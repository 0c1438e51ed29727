# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which WinRM answers: the differences between versions that a client can see.

Knows no host: a host's WMI version string chooses the profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits and page shapes of one WinRM version.

    Attributes:
        stack: the number that Identify shows.
        whole_enumeration: an optimised Enumerate answers as many rows as fit, not exactly one.
        cim_errors: quota faults carry MSFT_WmiError in place of WSManFault.
        max_operations: open enumerations of one account, and commands of its shells (MaxConcurrentOperationsPerUser).
        max_shells: shells of one account (MaxShellsPerUser).
        max_users: accounts that have a shell (MaxConcurrentUsers).
        max_connections: connections that are answered at the same time (MaxConnections).
        max_processes: processes of one shell (MaxProcessesPerShell).
        max_memory: megabytes of the processes of one shell (MaxMemoryPerShellMB).
        max_envelope: bytes; more is neither accepted nor sent (MaxEnvelopeSizekb).
        page_share: bytes of a page, as a divisor of the envelope's size.
        max_batch: rows in one answer (MaxBatchItems).
        enumeration_idle: seconds between two Pulls (EnumerationTimeoutms).
        shell_idle: seconds between two requests to a shell (IdleTimeout).
        shortest_idle: what a client may ask for at least, in seconds; None where what it asks for is ignored.
        describes_shell: a new shell is answered with rsp:Shell, not with its reference alone.
        shell_prefix: what the ids of shells begin with.
        wmi_provider: how faults name the provider of WMI.
        refuses_processes: a command that would be one process too many is answered with a fault, not with a text of the command.

    Of the quotas 0 means that there is no limit (MS-WSMV 2.2.4.42).
    """

    name: str
    stack: str
    whole_enumeration: bool
    cim_errors: bool
    max_operations: int
    max_shells: int
    max_users: int
    max_connections: int
    max_processes: int
    max_memory: int
    max_envelope: int
    page_share: int
    shell_idle: float
    max_batch: int = 32000
    enumeration_idle: float = 60.0
    shortest_idle: float | None = 60.0
    describes_shell: bool = True
    shell_prefix: str = ""
    wmi_provider: str = "WMI Provider"
    refuses_processes: bool = True


# Quotas of WinRM 2.0: MS-WSMV, product notes 8 (150 kB), 19 (15 operations), 20 (25 connections), 26 (5 users), 27 and 28 (shells
# idle for 180 s, 60 s at least). Its notes name no other number of shells, processes and megabytes for 2.0 than for 3.0; Microsoft's
# page on the configuration of WinRM 2.0 and the PowerShell team's "Configuring WSMAN Limits" do: 5 shells, 15 processes, 150 MB.
# From 2008 R2 on one row comes first; pages were 75 to 77 kB at an envelope of 150 KiB in every recorded Pull.
WINRM_2 = Profile(
    name="2.0", stack="2.0", whole_enumeration=False, cim_errors=False, max_operations=15, max_shells=5, max_users=5,
    max_connections=25, max_processes=15, max_memory=150, max_envelope=150 * 1024, page_share=2, shell_idle=180.0,
)  # fmt: skip
# KB968930 on 2003 answers an optimised Enumerate with all rows (recorded answers of Server 2003).
WINRM_2_ON_5X = replace(WINRM_2, name="2.0 on 5.x", whole_enumeration=True, page_share=1)
# MS-WSMV 2.2.4.10, 2.2.4.36 and 2.2.4.42; note 28: a shell is idle for two hours.
WINRM_3 = Profile(
    name="3.0", stack="3.0", whole_enumeration=False, cim_errors=True, max_operations=1500, max_shells=30, max_users=10,
    max_connections=300, max_processes=25, max_memory=1024, max_envelope=500 * 1024, page_share=2, shell_idle=7200.0,
)  # fmt: skip


# Windows Vista and Server 2008 as they came, XP and 2003 with KB936059: MS-WSMV, product notes 9 (20 rows), 20 (5 connections), 27
# (idle for 15 minutes), 31 to 34 (5 processes, a text in place of a fault, 80 MB, 2 shells). A new shell is its reference alone, and a
# provider's name ends in a blank (recorded answers). That an optimised Enumerate answers as many rows as fit is taken from 2.0 on 5.x;
# no enumeration of 1.1 was recorded. Note 23: what a client asks for as idle time is ignored.
WINRM_1_1 = Profile(
    name="1.1", stack="1.1", whole_enumeration=True, cim_errors=False, max_operations=15, max_shells=2, max_users=5, max_connections=5,
    max_processes=5, max_memory=80, max_envelope=150 * 1024, page_share=2, shell_idle=900.0, max_batch=20, shortest_idle=None,
    describes_shell=False, shell_prefix="uuid:", wmi_provider="WMIv1 plugin for Windows Remote Management ", refuses_processes=False,
)  # fmt: skip

QUOTAS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "max_batch_items": ("max_batch", 1),
        "max_connections": ("max_connections", 1),
        "max_envelope_kb": ("max_envelope", 1024),
        "max_memory_per_shell_mb": ("max_memory", 1),
        "max_operations_per_user": ("max_operations", 1),
        "max_processes_per_shell": ("max_processes", 1),
        "max_shell_users": ("max_users", 1),
        "max_shells_per_user": ("max_shells", 1),
        "enumeration_idle_seconds": ("enumeration_idle", 1),
        "shell_idle_seconds": ("shell_idle", 1),
    }
)
"""What a host may have changed of its WinRM, with the attribute that it is and how many of its units one is."""


def profile_of(windows_version: str, winrm_version: str | None = None, quotas: Mapping[str, float] | None = None) -> Profile:
    """Return the profile of a Windows version as WMI writes it ("5.1.2600").

    Args:
        winrm_version: the version of WinRM where it differs from the one that this Windows usually has.
        quotas: what was changed, by the names in `QUOTAS`.
    """
    major, minor = (int(part) for part in windows_version.split(".")[:2])
    if winrm_version is None:
        winrm_version = "2.0" if (major, minor) < (6, 2) else "3.0"
    shipped = {"1.1": WINRM_1_1, "2.0": WINRM_2_ON_5X if major < 6 else WINRM_2, "3.0": WINRM_3}[winrm_version]
    changed: dict[str, Any] = {QUOTAS[name][0]: number * QUOTAS[name][1] for name, number in (quotas or {}).items()}
    return replace(shipped, **changed) if changed else shipped
