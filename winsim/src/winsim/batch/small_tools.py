# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`chcp`, `fsutil dirty query`, `fltmc`, `hostname` and `timeout`.

Sources: Microsoft, "chcp", "fsutil dirty", "timeout"; users' reports that the German chcp ends with a dot, that a batch file under 65001
breaks off before Windows 10, and that `timeout` refuses a redirected input. From memory: the texts in Japanese, and that fsutil and fltmc
fail for a user.
"""

from __future__ import annotations

import re

from winsim.cmd.expansion import NotKnown
from winsim.cmd.system import Run
from winsim.host.model import Language

from .asked import Asked, Output
from .code_pages import UTF_8, codec_of

ACTIVE = {
    Language.ENGLISH: "Active code page: {}",
    Language.GERMAN: "Aktive Codepage: {}.",
    Language.JAPANESE: "\u73fe\u5728\u306e\u30b3\u30fc\u30c9 \u30da\u30fc\u30b8: {}",
}
RELIABLE_UTF_8 = (10, 0)


def chcp(asked: Asked) -> Output:
    """Show the code page, or take another one."""
    if not asked.words:
        return ACTIVE[asked.language].format(asked.pages.console) + "\r\n", "", 0
    if len(asked.words) > 1:
        return "", "Parameter format not correct - " + " ".join(asked.words) + "\r\n", 1
    if not asked.words[0].isdecimal():
        return "", f"Parameter format not correct - {asked.words[0]}\r\n", 1
    number = int(asked.words[0])
    if number == UTF_8 and asked.kernel < RELIABLE_UTF_8:
        raise NotKnown("chcp 65001 breaks batch files off before Windows 10.")
    try:
        codec_of(number)
    except ValueError:
        return "", "Invalid code page\r\n", 1
    asked.pages.console = number
    return ACTIVE[asked.language].format(number) + "\r\n", "", 0


def fsutil(asked: Asked) -> Output:
    """Tell whether a volume is dirty, which none is here."""
    words = [word.lower() for word in asked.words]
    if words[:2] != ["dirty", "query"] or len(words) != 3:
        raise asked.unknown()
    if not asked.administrator:
        return "The FSUTIL utility requires that you have administrative privileges.\r\n", "", 1
    drive = asked.words[2].rstrip("\\")
    if not re.fullmatch("[a-zA-Z]:", drive) or not asked.files.is_folder(f"{drive}\\"):
        return "Error:  The system cannot find the file specified.\r\n", "", 1
    return f"Volume - {drive.upper()} is NOT Dirty\r\n", "", 0


def fltmc(asked: Asked) -> Output:
    """List the filters of the file system; there is none here."""
    if asked.words:
        raise asked.unknown()
    if not asked.administrator:
        return "", "Could not load filter list.\r\nError: 0x80070005\r\nAccess is denied.\r\n", 1
    return "\r\nFilter Name                     Num Instances    Altitude    Frame\r\n", "", 0


def hostname(asked: Asked) -> Output:
    """Write the host's name."""
    if asked.words:
        raise asked.unknown()
    return f"{asked.host.spec.windows.computer}\r\n", "", 0


def timeout(asked: Asked) -> Run:
    """Wait; it needs the keyboard for that."""
    words = [word.lower() for word in asked.words if word.lower() not in ("/t", "/nobreak")]
    if len(words) != 1 or not words[0].isdecimal() or int(words[0]) > 99999:
        raise asked.unknown()
    if not asked.keyboard:
        asked.call.streams.stderr.write("ERROR: Input redirection is not supported, exiting the process immediately.\r\n")
        return 1
    asked.call.streams.stdout.write(f"\r\nWaiting for {words[0]} seconds, press a key to continue ...\r\n")
    yield float(words[0])
    return 0
