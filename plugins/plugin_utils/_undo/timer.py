# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The timer on the host: one fixed script, what starts it, and the command lines that put both there and take them away.

Text only; nothing is sent here. What the script restores is in the registry (`confirm.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.resources import files

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import echoed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

KEY = rf"{OUR_KEY}\Confirm"
RUN, BEATS, BOOT, KEYS, HEARTBEAT, CONFIRMED, OUTCOME = "Run", "Beats", "Boot", "Keys", "Heartbeat", "Confirmed", "Outcome"
CLAIM, DOOR = "Claim", "Door"
"""With these two a run takes the key for itself before it writes anything else there; see `_run/confirming.py`."""
RESTORING, RESTORED = "restoring", "restored"
"""What the heartbeat says once the time is over; before, it is a number."""

# One beat is `ping -n 6`: five pauses of a second (Microsoft, ping), and what the script itself takes.
BEAT = 5
# Name of the scheduled task, and key name of the service.
CARRIER = "netmin.windows-confirm"
# Below the system directory: a default install lets nobody but Administrators, SYSTEM and TrustedInstaller write there
# from Windows Vista on; before, Power Users as well (from memory), so that the folder gets a list of its own.
FOLDER = r"%SystemRoot%\netmin.windows"
SCRIPT_FILE, TASK_FILE, POLICY_FILE, POLICY_STORE = "confirm.cmd", "confirm.xml", "confirm.inf", "confirm.sdb"
SCRIPT = files(__package__).joinpath(SCRIPT_FILE).read_text(encoding="ascii")
"""The script, the same for every run and every Windows."""

NOT_SET = "netmin.windows: not set"
"""What the protecting line writes where `secedit` failed."""
# Exit code of the arming line where the folder is there and is not ours.
TAKEN = 183
# Microsoft, KB 830473: a command line may have 8191 characters from Windows XP on. `cmd.exe /c` is part of it.
LONGEST_LINE = 8191 - len(r"C:\Windows\System32\cmd.exe /c ")
# Task Scheduler Schema (Microsoft): without a limit of time (PT0S), on battery, one instance. S-1-5-18 is SYSTEM. No
# encoding is declared: schtasks refuses a file that is not in the one that it declares (from memory).
TASK = (
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Triggers><BootTrigger/></Triggers>',
    '<Principals><Principal id="A"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>',
    "<Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy><ExecutionTimeLimit>PT0S</ExecutionTimeLimit>",
    "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries><StopIfGoingOnBatteries>false</StopIfGoingOnBatteries></Settings>",
    r'<Actions Context="A"><Exec><Command>%SystemRoot%\System32\cmd.exe</Command>',
    "<Arguments>/d /c call {script} &amp; if not errorlevel 1 rd /s /q {folder}</Arguments></Exec></Actions></Task>",
)
# MS-GPSB 2.2.7 and 2.2.9: a key or file, how its list is handed down, and the list in SDDL, which knows SYSTEM and Administrators
# in every language. 0 gives the object its list in every source; 1 replaces in MS-GPSB and is "Ignore" in Microsoft's RSOP_File.
# The key above gets it, too: who may write there could rename ours and put another in its place.
_HEAD = ("[Version]", 'signature="$CHICAGO$"', "Revision=1")
_OUR_KEY = ("[Registry Keys]", rf'"MACHINE\{OUR_KEY}",0,"D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)"')
POLICY = (
    *_HEAD,
    "[File Security]",
    '"{folder}",0,"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"',
    *_OUR_KEY,
    rf'"MACHINE\{KEY}",0,"D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)"',
)


class Carrier(StrEnum):
    """What starts the script, now and after a boot."""

    TASK = "scheduled task"
    SERVICE = "service"


# The Task Scheduler of Windows Vista and later reads tasks from XML and is needed by the system itself: no plan touches it.
TASKS_SINCE = NtVersion(6, 0)
# 2000 has neither reg nor sc nor schtasks in the box (from memory).
TOOLS_SINCE = NtVersion(5, 1)
# Microsoft, icacls: /inheritance is not in the syntax of Server 2003 SP2 (KB 919240); for 6.0 nothing was found.
INHERITANCE_SINCE = NtVersion(6, 1)


def carrier_of(nt: NtVersion) -> Carrier:
    """Return what can start the script on a Windows."""
    return Carrier.TASK if nt >= TASKS_SINCE else Carrier.SERVICE


def beats(within: int) -> int:
    """Return how many beats last so many seconds."""
    return math.ceil(within / BEAT)


def service_command() -> str:
    """Return the command of the service: it starts the script on its own and ends, since it is no real service."""
    return rf'%SystemRoot%\System32\cmd.exe /d /c start "" /b {_run()}'


def _run() -> str:
    # A script that another run has superseded ends with 1: the folder is that run's then.
    return rf'%SystemRoot%\System32\cmd.exe /d /c "call {FOLDER}\{SCRIPT_FILE} & if not errorlevel 1 rd /s /q {FOLDER}"'


def arming_line(nt: NtVersion, values: Mapping[str, str]) -> str:
    """Return the command line that makes folder and script, writes the values, lists the key, and starts a task.

    Each step needs the one before. A folder that is there already is not trusted: ours goes, and anything else makes the line fail.

    Args:
        values: more values of the key, beside the numbered commands; no quotes and no percent signs in them.
    """
    task = carrier_of(nt) is Carrier.TASK
    script = rf"{FOLDER}\{SCRIPT_FILE}"
    steps = [f'md "{FOLDER}"', f'cd /d "{FOLDER}"', *(_icacls(nt) if task else _secedit()), _file(SCRIPT_FILE, SCRIPT.splitlines())]
    if task:
        # The host expands the variable where the task runs, and the file is to say it.
        steps.append(_file(TASK_FILE, [line.format(script=script, folder=FOLDER) for line in TASK]))
    steps += [f'reg add "HKLM\\{KEY}" /v {name} /t REG_SZ /d "{text}" /f' for name, text in values.items()]
    # Out of the folder, which could not be deleted while a command is in it.
    steps += ["cd ..", f'reg query "HKLM\\{KEY}"']
    if task:
        steps.append(f'schtasks /create /tn {CARRIER} /xml "{FOLDER}\\{TASK_FILE}" /f')
        steps.append(f"schtasks /run /tn {CARRIER}")
    return f"{_old_folder()} & {_no_folder()} & {' && '.join(steps)}"


def protecting_line() -> str:
    """Return the command line that gives our key its access list before Windows Vista, in a folder that is there for this alone."""
    policy, store = rf"{FOLDER}\{POLICY_FILE}", rf"{FOLDER}\{POLICY_STORE}"
    steps = f'cd /d "{FOLDER}" && {_file(POLICY_FILE, (*_HEAD, *_OUR_KEY))} && {_configure(store, policy, "REGKEYS")}'
    # A folder that is there already is that of a timer, or of somebody else: then nothing is done.
    return f'md "{FOLDER}" && ((({steps}) || echo {NOT_SET}) & cd .. & {_old_folder()})'


def _configure(store: str, policy: str, areas: str) -> str:
    return f'secedit /configure /db "{store}" /cfg "{policy}" /areas {areas} /quiet'


def disarming_line(nt: NtVersion) -> str:
    """Return the command line that takes away all of ours but the key."""
    carrier = f"schtasks /delete /tn {CARRIER} /f" if carrier_of(nt) is Carrier.TASK else f"sc delete {CARRIER}"
    return f"{carrier} & {_old_folder()}"


def _old_folder() -> str:
    # Without /s: `rd` takes away an empty folder or a link, never what somebody else put there.
    return rf'del /f /q "{FOLDER}\c" "{FOLDER}\confirm.*" & rd "{FOLDER}"'


def _no_folder() -> str:
    return f'(if exist "{FOLDER}" (echo {FOLDER} holds what is not ours& exit {TAKEN}))'


def _icacls(nt: NtVersion) -> list[str]:
    grant = f'icacls "{FOLDER}" /grant:r "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F"'
    return [grant, *([f'icacls "{FOLDER}" /inheritance:r'] if nt >= INHERITANCE_SINCE else [])]


def _secedit() -> list[str]:
    """Give folder and keys their lists before Windows Vista: cacls knows translated names only, and asks in the host's language."""
    policy, store = rf"{FOLDER}\{POLICY_FILE}", rf"{FOLDER}\{POLICY_STORE}"
    lines = [line.format(folder=FOLDER) for line in POLICY]
    return [_file(POLICY_FILE, lines), _configure(store, policy, "FILESTORE REGKEYS")]


def _file(name: str, lines: Iterable[str]) -> str:
    # The arrow in front: after a line that ends in a digit it would mean another thing. One letter for a name: it stands before each line.
    return f"({'&'.join(f'>>c echo {echoed(line)}' for line in lines)}&ren c {name})"
