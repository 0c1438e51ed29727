# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`secedit /configure /areas FILESTORE REGKEYS`: the access lists that a security template has for files, folders and registry keys.

Sources: Microsoft, "secedit configure"; MS-GPSB 2.2.7 and 2.2.9 (Registry Keys, File Security: path, how it is handed down, SDDL); MS-DTYP
2.5.1.1 (SDDL). From memory: the texts, and that a key or file that is not there is an error. Other areas of a template, and the options
`/overwrite` and `/log`, have no effect here; other commands are not known. The list of a key is kept, and nothing heeds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from winsim.cmd.system import Call, Files
from winsim.cmd.words import absolute
from winsim.host.environment import expand
from winsim.host.files import Entry, Principal
from winsim.host.machine import Machine

SWITCHES = {"/db": True, "/cfg": True, "/areas": True, "/log": True, "/overwrite": False, "/quiet": False}
PRINCIPALS = {
    "AU": Principal.AUTHENTICATED,
    "BA": Principal.ADMINISTRATORS,
    "BU": Principal.USERS,
    "CO": Principal.CREATOR,
    "PU": Principal.POWER_USERS,
    "SY": Principal.SYSTEM,
    "WD": Principal.EVERYONE,
}
RIGHTS = {"FA": "F", "GA": "F", "0x1f01ff": "F", "0x1301bf": "M", "FR": "R", "GR": "R", "FX": "RX", "0x1200a9": "RX", "FW": "W", "GW": "W"}
RIGHTS |= {"KA": "F", "KR": "R", "KW": "W"}
GIVEN = "0"
"""The way of handing down that gives an object its list.

Of 1 and 2 one replaces what is below, the other leaves all as it is: MS-GPSB says 2 does, Microsoft's RSOP_File and RSOP_RegistryKey say 1.
Neither does anything here, so that nobody can rely on it.
"""

FILES, KEYS = "file security", "registry keys"
AREAS = {"FILESTORE": FILES, "REGKEYS": KEYS}

FAILED = 1
NOT_DONE = "The task has completed with an error.\r\nSee log %windir%\\security\\logs\\scesrv.log for detail info.\r\n"
DONE = "The task has completed successfully.\r\nSee log %windir%\\security\\logs\\scesrv.log for detail info.\r\n"

Output = tuple[str, str, int]


def secedit(host: Machine, call: Call, files: Files, who: frozenset[Principal]) -> Output:
    """Give files, folders and keys the lists of a template; the database that is asked for is made."""
    options = _options(call.words[1:]) if call.words and call.words[0].lower() == "/configure" else None
    if options is None or "/db" not in options or "/cfg" not in options:
        return "The syntax of this command is:\r\n\r\nsecedit [/configure | /analyze | /import | /export | /validate]\r\n", "", FAILED
    said = {word: "" if "/quiet" in options else text for word, text in (("done", DONE), ("failed", NOT_DONE))}
    try:
        template = files.read(absolute(options["/cfg"], call.directory))
        files.write(absolute(options["/db"], call.directory), "", append=False)
        wanted = [AREAS[area] for area in options["/areas"].split()]
        for section, path, entries, protected in _lists(template, host.spec.windows.directory):
            if section not in wanted:
                continue
            if section == FILES:
                host.files.change(path, who, entries, protected=protected)
            else:
                host.registry.protect(_key(path), entries, protected=protected)
    except (KeyError, OSError, ValueError):
        return said["failed"], "", FAILED
    return said["done"], "", 0


def _options(words: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        switch = rest.pop(0).lower()
        takes = SWITCHES.get(switch)
        if takes is None or (takes and not rest):
            return None
        found[switch] = rest.pop(0) if takes else ""
        while switch == "/areas" and rest and not rest[0].startswith("/"):
            found[switch] += f" {rest.pop(0)}"
    found["/areas"] = found.get("/areas", " ".join(AREAS)).upper()
    return found if set(found["/areas"].split()) <= AREAS.keys() else None


def _key(path: str) -> str:
    hive, _backslash, rest = path.partition("\\")
    if hive.upper() != "MACHINE":
        raise ValueError(path)
    return rf"HKLM\{rest}"


def _lists(template: str, directory: str) -> Iterator[tuple[str, str, list[Entry], bool]]:
    """Yield what a template says: section, path, entries, and whether what is above counts no more.

    Raises:
        ValueError: the template is none, or a line of it cannot be read.
    """
    section = ""
    sections: set[str] = set()
    for line in (line.strip() for line in template.splitlines()):
        if line.startswith("["):
            section = line.strip("[]").lower()
            sections.add(section)
        elif line and section in (FILES, KEYS):
            found = re.fullmatch(r'"?([^",]+)"?\s*,\s*([0-2])\s*,\s*"?([^"]+)"?', line)
            if found is None:
                raise ValueError(line)
            if found[2] == GIVEN:
                yield (section, expand(found[1], directory), *_list(found[3]))
    if "version" not in sections:
        raise ValueError("a template has a section Version")


def _list(sddl: str) -> tuple[list[Entry], bool]:
    found = re.fullmatch(r"D:([A-Z]*)((?:\([^()]*\))*)", sddl)
    if found is None:
        raise ValueError(sddl)
    entries = [_entry(text) for text in re.findall(r"\(([^()]*)\)", found[2])]
    return entries, "P" in found[1].replace("AI", "").replace("AR", "")


def _entry(text: str) -> Entry:
    kind, flags, rights, *_objects, account = text.split(";")
    if kind not in ("A", "D") or rights not in RIGHTS or account not in PRINCIPALS:
        raise ValueError(text)
    return Entry(PRINCIPALS[account], RIGHTS[rights], frozenset(re.findall("OI|CI|IO|NP", flags)), kind == "D")
