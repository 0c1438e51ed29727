# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An inbound block rule of the host's own firewall, as a plan wants it and as the registry shows it.

Values only. The grammar of the text is that of MS-FASP 2.2.2.19 and MS-GPFAS 4.2: a version, then `Name=value` parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .endpoint import Protocol

# IANA protocol numbers, which the grammar has in place of names.
PROTOCOL_NUMBERS = {Protocol.TCP: "6", Protocol.UDP: "17"}
# What a rule may say beside what it matches; anything else would make it narrower or weaker than planned.
_SILENT = frozenset({"Desc", "EmbedCtxt"})
# What a rule of ours matches: one port, or what RPC servers were given. It ends up on a command line.
PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
RPC = "RPC"
PORTS = re.compile(rf"{PORT}|{RPC}")
SYSTEM_ROOT = "%SystemRoot%"
_VARIABLE = f"{SYSTEM_ROOT.lower()}\\"
# The folder of Windows lies on the root of a drive (C:\\WINNT, D:\\Windows).
_ROOT = re.compile(r"^[a-z]:\\[^\\]+\\")


@dataclass(frozen=True, slots=True)
class FilterRule:
    """A rule that drops what comes in for one listener.

    Attributes:
        name: its name in the firewall, by which it is deleted.
        ports: the port number as Windows writes it, or `RPC` for the dynamic ports of RPC servers.
        program: path of the program, or "" for any.
        service: key name of the service, or "" for any.
    """

    name: str
    protocol: Protocol
    ports: str
    program: str = ""
    service: str = ""

    @classmethod
    def from_text(cls, text: str) -> FilterRule | None:
        """Return the rule that a text of ours says; None where it says more or less than a rule of ours does."""
        said = fields_of(text)
        protocol = next((protocol for protocol, number in PROTOCOL_NUMBERS.items() if number == said.get("Protocol")), None)
        if protocol is None or not PORTS.fullmatch(said.get("LPort", "")):
            return None
        rule = cls(said.get("Name", ""), protocol, said.get("LPort", ""), said.get("App", ""), said.get("Svc", ""))
        return rule if rule.matches(text) else None

    @property
    def port(self) -> int | None:
        """The one port that it matches; None for those of RPC servers."""
        return None if self.ports == RPC else int(self.ports)

    @property
    def text(self) -> str:
        """The rule as the registry shows one that is just right; the version differs with the Windows."""
        return f"v2.0|{'|'.join(f'{key}={value}' for key, value in self._fields().items())}|"

    def matches(self, text: str) -> bool:
        """Tell whether a rule in the registry is this one, enabled and no narrower."""
        said = {key: value for key, value in fields_of(text).items() if key not in _SILENT}
        ours = self._fields()
        programs = said.pop("App", ""), ours.pop("App", "")
        return _comparable(said) == _comparable(ours) and _same_program(*(program.lower() for program in programs))

    def _fields(self) -> dict[str, str]:
        fields = {"Action": "Block", "Active": "TRUE", "Dir": "In", "Protocol": PROTOCOL_NUMBERS[self.protocol], "LPort": self.ports}
        fields |= {"App": self.program} if self.program else {}
        fields |= {"Svc": self.service} if self.service else {}
        return {**fields, "Name": self.name}


@dataclass(frozen=True, slots=True)
class Firewall:
    """The firewall of a host as far as our rules are concerned.

    Attributes:
        names: value names of our rules by the rule's name; "" where one was about to be added and nobody knows whether it was.
        texts: what these values say, by the rule's name; nothing for one that is gone.
        unmet: why a block rule of the local store would not be in force; empty where it would.
        blind: why a rule that is added could not be found again; empty where it could, or where nobody has looked.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    unmet: tuple[str, ...] = ()
    blind: str = ""

    def has(self, rule: FilterRule) -> bool:
        """Tell whether a rule is there, enabled, and says what it is to say."""
        return rule.matches(self.texts.get(rule.name, ""))


def fields_of(text: str) -> dict[str, str]:
    """Take a rule apart; a field that is there twice (LPort) is joined by commas."""
    found: dict[str, str] = {}
    for part in text.split("|")[1:]:
        name, equals, value = part.partition("=")
        if equals:
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _comparable(fields: Mapping[str, str]) -> dict[str, str]:
    return {key: value if key == "Name" else value.lower() for key, value in fields.items()}


def _same_program(one: str, other: str) -> bool:
    """Compare paths in lower case: netsh keeps the variable or the folder that it stands for, as the command shell handed it over."""
    short, full = sorted((one, other), key=lambda path: not path.startswith(_VARIABLE))
    return one == other or (short.startswith(_VARIABLE) and _ROOT.sub(_VARIABLE.replace("\\", r"\\"), full) == short)
