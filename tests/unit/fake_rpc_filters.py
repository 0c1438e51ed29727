# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`netsh rpc filter` for hosts in memory: what a command line of ours makes of the filters that are there, and how they are listed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

# What is done in a command line, in order: a script that is written and run, or a filter that is deleted.
STEP = re.compile(r"(?:^|&)\((?P<script>.*?)\)>|delete filter filterkey=(?P<key>\S+)")
HEAD = "Listing all RPC Filters.\r\n"
NUMBERS = {"ncacn_ip_tcp": "1", "ncacn_np": "2"}
TYPES = {"if_uuid": "FWP_BYTE_ARRAY16_TYPE", "protocol": "FWP_UINT8", "remote_user_token": "FWP_TOKEN_ACCESS_INFORMATION_TYPE"}


@dataclass
class MadeFilter:
    """A filter: what the rule said, and its conditions in order."""

    action: str
    volatile: bool
    conditions: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class FakeFilters:
    """The filters of a host, by key.

    Attributes:
        spoil: changes a script before it runs, as a host would that takes a line otherwise.
        lines: every command line that was run.
    """

    held: dict[str, MadeFilter] = field(default_factory=dict)
    spoil: Callable[[list[str]], list[str]] = field(default=lambda lines: lines)
    lines: list[str] = field(default_factory=list)

    def run(self, line: str) -> tuple[str, str]:
        """Run a line; return what it writes to both streams."""
        self.lines.append(line)
        said = ""
        for step in STEP.finditer(line):
            if step["key"]:
                said += "Ok.\r\n" if self.held.pop(step["key"], None) else "The system cannot find the file specified.\r\n"
            else:
                said += self._script(self.spoil([part.removeprefix("echo ").replace("^", "") for part in step["script"].split("&")]))
        return self.listing(), said

    def _script(self, lines: list[str]) -> str:
        key, made = "", None
        for line in lines:
            words = dict(word.split("=", 1) for word in line.split() if "=" in word)
            if line.startswith("add rule"):
                key, made = words["filterkey"], MadeFilter(words["actiontype"], "persistence" in words)
            elif line.startswith("add condition") and made is not None:
                made.conditions.append((words["field"], words["data"]))
            elif line == "add filter" and made is not None and key not in self.held:
                self.held[key] = made
        return "Ok.\r\n"

    def listing(self) -> str:
        """Return what `show filter` writes."""
        return HEAD + "".join(_shown(key, made) for key, made in self.held.items()) + "\r\n"


def _shown(key: str, made: MadeFilter) -> str:
    text = (
        f"---------------------------------\r\nfilterKey: {key}\r\ndisplayData.name: RPCFilter\r\nfilterId: 0x1\r\nlayerKey: um\r\n"
        f"weight: Type: FWP_EMPTY Value: Empty\r\naction.type: {made.action}\r\nnumFilterConditions: {len(made.conditions)}\r\n\r\n"
    )
    for number, (name, data) in enumerate(made.conditions):
        text += f"filterCondition[{number}]\r\n        fieldKey: {name}\r\n        matchType: FWP_MATCH_EQUAL\r\n"
        text += f"        conditionValue: Type: {TYPES[name]} Value: {_value(name, data)}\r\n\r\n"
    return text


def _value(name: str, data: str) -> str:
    if name == "if_uuid":
        number = UUID(data).bytes_le
        return " ".join(f"{int.from_bytes(number[at : at + 4], 'little'):08x}" for at in range(0, 16, 4))
    return NUMBERS[data] if name == "protocol" else "s"
