# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Making a capture that can be given away: everything that tells one host or its people from others is replaced at random.

By field where a field says what it holds (names of computers, domains, users, adapters), and by token everywhere: addresses, SIDs, GUIDs
and the like by their form, and every other word that is neither this collection's nor Windows's own. The same text is always replaced
by the same, so that whatever is compared compares as before. Nothing is hashed: without the original file there is no way back.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from random import Random, SystemRandom
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge

from .addresses import Addresses
from .file import decoded, plain
from .model import Capture, ValueKind
from .vocabulary import WORD, Vocabulary

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
# Names that every host has, or that a workgroup has by default.
EVERYWHERE = frozenset(
    {"administrator", "guest", "localhost", "mshome", "public", "default", "system", "workgroup", "default user", "all users"}
)
# Properties that hold the name of a computer, a domain or a person, whatever the class.
COMPUTERS = frozenset({"computername", "servername", "hostname", "dnshostname", "systemname", "pscomputername", "csname"})
USERS = frozenset({"username", "user", "owner", "startname", "registereduser"})
SERIALS = frozenset({"serialnumber", "uuid", "identifyingnumber"})
_USERS_PATH = re.compile(r"\\(?:Users|Documents and Settings)\\([^\\/\"*?<>|:]+)", re.IGNORECASE)
_UNC = re.compile(r"(?:^|[\s\"=])\\\\([^\\/\s\"?.]+)\\([^\\/\"]+)")
# A time (ISO 8601), an id of a run, a GUID, a SID, a MAC, a thumbprint (SHA-1 or SHA-256), an address, hexadecimal digits, a word.
_TOKEN = (
    r"(?P<time>\b\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)",
    r"(?P<run>\b\d{8}T\d{6}Z-[0-9a-f]{6}\b)",
    r"(?P<guid>\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b)",
    r"(?P<sid>\bS-1-5-21(?:-\d+){3}(?:-\d+)?\b)",
    r"(?P<mac>(?<![\w:-])[0-9A-Fa-f]{2}(?P<sep>[:-])[0-9A-Fa-f]{2}(?:(?P=sep)[0-9A-Fa-f]{2}){4}(?![\w:-]))",
    r"(?P<print>\b(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40})\b)",
    r"(?P<six>(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?![\w:]))",
    r"(?P<four>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d))",
    r"(?P<hex>\b0[xX][0-9A-Fa-f]+\b)",
    r"(?P<word>\w+)",
)
# MS-DTYP 2.4.2.2: revision 1, three or more parts behind authority 5, of which the first is 21.
_BINARY_SID = re.compile(rb"\x01([\x04\x05])\x00{5}\x05\x15\x00\x00\x00(.{12})(.{4})?", re.DOTALL)
FIRST_OF_PEOPLE = 1000


@dataclass(frozen=True, slots=True)
class Anonymized:
    """A capture that can be given away, and what was done for it.

    Attributes:
        replaced: how many different ones of each kind were replaced.
    """

    capture: Capture
    replaced: Mapping[str, int]


class Anonymizer:
    """Replaces what tells one host from others, always in the same way.

    Args:
        random: where the replacements come from; only tests pass one in.
    """

    def __init__(self, capture: Capture, knowledge: Knowledge, random: Random | None = None) -> None:
        self._random = random or SystemRandom()
        self._vocabulary = Vocabulary(knowledge)
        self._addresses = Addresses(self._random)
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self._names: dict[str, str] = {}
        self._collect(plain(capture))
        whole = sorted(self._names, key=len, reverse=True)
        first = "|".join(re.escape(name) for name in whole)
        self._pattern = re.compile("|".join((rf"(?P<name>(?<!\w)(?:{first})(?!\w))", *_TOKEN)), re.IGNORECASE)

    # Names by field

    def _collect(self, node: Any) -> None:
        self._name("computer", str(node["inventory_name"]), "the inventory name")
        for moment in node["moments"]:
            for query in moment.get("queries", ()):
                for row in query.get("rows", ()):
                    self._collect_row(query["wmi_class"].lower(), {name.lower(): cell for name, cell in row.items()})
        for entry in node.get("rpc_endpoints", {}).get("entries", ()):
            # A pipe has the NetBIOS name of its host where others have an address.
            self._name("computer", entry.get("address", "").lstrip("\\"), "a computer in the endpoint map")
        for text in _texts(node):
            for user in _USERS_PATH.findall(text):
                self._name("user", user, "a folder of a user")
            for server, share in _UNC.findall(text):
                self._name("computer", server, "a server in a path")
                self._name("share", share, "", vital=False)

    def _collect_row(self, wmi_class: str, row: Mapping[str, Any]) -> None:
        if wmi_class == "win32_computersystem":
            self._name("computer", _text(row, "name"), "the computer")
            domain = _text(row, "domain")
            self._name("domain", domain, "the domain")
            self._name("domain", domain.partition(".")[0], "", vital=False)
        if wmi_class == "win32_networkadapterconfiguration":
            self._name("adapter", _text(row, "description"), "", vital=False)
        for name, cell in row.items():
            if name in COMPUTERS:
                self._name("computer", _text(row, name).lstrip("\\"), "a computer")
            if name in USERS and isinstance(cell, str):
                domain, _slash, user = cell.rpartition("\\")
                self._name("domain", domain, "a domain")
                self._name("user", user.partition("@")[0], "a user")
            if name in SERIALS:
                self._name("serial number", _text(row, name), "", vital=False)

    def _name(self, kind: str, name: str, what: str, *, vital: bool = True) -> None:
        """Take note of a name that is replaced as a whole.

        Args:
            what: it is the name of, for messages.
            vital: it tells who the host or its people are, so that it may not stay.

        Raises:
            Refused: it is a word that has to stay as well.
        """
        name = name.strip()
        if not name or name.lower() in EVERYWHERE or name.lower() in self._names or _is_address(name):
            return
        if self._vocabulary.has(name):
            if vital and WORD.fullmatch(name) is not None and not name.isdecimal():
                raise Refused(
                    f"the capture cannot be anonymized: {what} is called '{excerpt(name, 60)}', which is also a word that plans depend on, "
                    "so that it can neither be replaced everywhere nor stay: replace it by hand in a copy of the file, or keep the file"
                )
            return
        self._names[name.lower()] = self._fresh(f"{kind.partition(' ')[0]}-")
        self._given[(kind, name.lower())] = self._names[name.lower()]

    def _fresh(self, prefix: str, length: int = 5) -> str:
        """Return a text that nothing else has become."""
        while True:
            found = prefix + "".join(self._random.choice(LETTERS) for _number in range(length))
            if found not in self._taken and not self._vocabulary.has(found):
                self._taken.add(found)
                return found

    # Texts

    def text(self, text: str) -> str:
        """Return a text with everything replaced."""
        return self._pattern.sub(self._replaced, text)

    def addresses_in(self, text: str) -> str:
        """Return a text with its addresses replaced and nothing else: what a command of Windows shows has no other names."""
        return self._pattern.sub(lambda found: self._replaced(found) if found.lastgroup in ("six", "four", "mac") else found[0], text)

    def _replaced(self, found: re.Match[str]) -> str:
        kind, text = found.lastgroup, found[0]
        if kind == "name":
            return self._names[text.lower()]
        if kind in ("time", "run", "hex"):
            return text
        if kind in ("four", "six"):
            return self._address(text)
        if kind == "word":
            return self._word(text)
        if kind == "guid":
            return text if self._vocabulary.names(text) else self._instead("GUID", text.lower(), self._guid)
        if kind == "sid":
            return self._sid(text)
        if kind == "mac":
            return self._instead("MAC", text.lower(), lambda: self._mac(text[2]))
        return self._instead("thumbprint", text.lower(), lambda: f"{self._random.getrandbits(4 * len(text)):0{len(text)}x}")

    def _instead(self, kind: str, text: str, make: Any) -> str:
        if (kind, text) not in self._given:
            self._given[(kind, text)] = make()
        return self._given[(kind, text)]

    def _address(self, text: str) -> str:
        try:
            address = ip_address(text)
        except ValueError:
            # Digits with dots or colons between, or words with colons.
            return WORD.sub(lambda word: self._word(word[0]), text)
        found = self._addresses.of_6(address) if isinstance(address, IPv6Address) else self._addresses.of_4(address)
        return text if found == address else str(found)

    def _word(self, word: str) -> str:
        return word if self._vocabulary.knows(word) else self._instead("word", word.lower(), lambda: self._fresh("x"))

    def _guid(self) -> str:
        digits = f"{self._random.getrandbits(128):032X}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-A{digits[17:20]}-{digits[20:]}"

    def _mac(self, between: str) -> str:
        # Locally administered, and of one device (IEEE 802, the two lowest bits of the first byte).
        digits = (0x02, *(self._random.getrandbits(8) for _number in range(5)))
        return between.join(f"{digit:02X}" for digit in digits)

    def _sid(self, text: str) -> str:
        parts = text.split("-")
        machine = self._machine(tuple(map(int, parts[4:7])))
        rest = [self._member(int(part)) for part in parts[7:]]
        return "-".join((*parts[:4], *map(str, (*machine, *rest))))

    def _machine(self, parts: tuple[int, ...]) -> tuple[int, ...]:
        made = self._instead("SID", "-".join(map(str, parts)), lambda: "-".join(str(self._random.getrandbits(32)) for _number in range(3)))
        return tuple(map(int, made.split("-")))

    def _member(self, number: int) -> int:
        """Replace the last part of a SID, but for accounts and groups that every host or domain has."""
        if number < FIRST_OF_PEOPLE:
            return number
        return int(self._instead("RID", str(number), lambda: str(self._random.randrange(FIRST_OF_PEOPLE, 2**31))))

    def binary(self, digits: str) -> str:
        """Return hexadecimal digits with the SIDs in them replaced."""

        def replaced(found: re.Match[bytes]) -> bytes:
            parts = tuple(int.from_bytes(found[2][start : start + 4], "little") for start in (0, 4, 8))
            made = b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in self._machine(parts))
            last = found[3]
            if last is not None and found[1] == b"\x05":
                last = self._member(int.from_bytes(last, "little")).to_bytes(4, "little")
            return found[0][:12] + made + (last or b"")

        return _BINARY_SID.sub(replaced, bytes.fromhex(digits)).hex()

    # Fields

    def capture(self, found: Capture) -> Anonymized:
        """Return a capture with everything replaced."""
        node = plain(found)
        made = {
            **node,
            "inventory_name": self.text(found.inventory_name) if not _is_address(found.inventory_name) else self._fresh("host-"),
            "moments": [self._moment(moment) for moment in node["moments"]],
            "anonymized": True,
        }
        if "rpc_endpoints" in node:
            made["rpc_endpoints"] = self._rpc_endpoints(node["rpc_endpoints"])
        counts = Counter(kind for kind, _text in self._given if kind != "RID")
        counts["address"] = len(self._addresses.replaced)
        return Anonymized(decoded(made, "the anonymized capture"), {kind: count for kind, count in sorted(counts.items()) if count})

    def originals(self) -> Iterator[str]:
        """Yield what was replaced, for those who check that none of it is left."""
        yield from (text for kind, text in self._given if kind != "RID")
        yield from self._addresses.replaced

    def _rpc_endpoints(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Replace in what servers say of themselves and where they are; the numbers of interfaces that we know stay."""
        made = {**found, "evidence": self.text(found["evidence"])}
        if "entries" in found:
            stays = ("sequence", "version")
            made["entries"] = [
                {name: text if name in stays else self.text(text) for name, text in entry.items()} for entry in found["entries"]
            ]
        return made

    def _moment(self, moment: Mapping[str, Any]) -> dict[str, Any]:
        made = self._any({name: part for name, part in moment.items() if name not in ("queries", "commands", "keys")})
        made["queries"] = [self._query(query) for query in moment.get("queries", ())]
        made["keys"] = [self._key(key) for key in moment.get("keys", ())]
        made["commands"] = [self._command(command) for command in moment.get("commands", ())]
        return dict(made)

    def _any(self, node: Any) -> Any:
        if isinstance(node, Mapping):
            return {self.text(str(name)) if not _is_field(name) else name: self._any(item) for name, item in node.items()}
        if isinstance(node, list):
            return [self._any(item) for item in node]
        return self.text(node) if isinstance(node, str) else node

    def _query(self, query: Mapping[str, Any]) -> dict[str, Any]:
        made = {
            name: part if name in ("wmi_class", "namespace", "properties") else self._any(part)
            for name, part in query.items()
            if name != "rows"
        }
        if "rows" in query:
            made["rows"] = [{name: self._cell(query["wmi_class"], name, cell) for name, cell in row.items()} for row in query["rows"]]
        return made

    def _cell(self, wmi_class: str, name: str, cell: Any) -> Any:
        place = (wmi_class.lower(), name.lower())
        if place in (("win32_operatingsystem", "caption"), ("win32_operatingsystem", "version")):
            return cell
        return self._any(cell)

    def _key(self, key: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for part, content in key.items():
            if part == "values":
                made[part] = {self.text(name): self._value(value) for name, value in content.items()}
            elif part == "types":
                made[part] = {self.text(name): kind for name, kind in content.items()}
            elif part == "refused":
                made[part] = [{**refused, "name": self.text(refused["name"]), "error": self._any(refused["error"])} for refused in content]
            else:
                made[part] = self._any(content)
        return made

    def _value(self, value: Mapping[str, Any]) -> dict[str, Any]:
        data = value["data"]
        if value["type"] == ValueKind.BINARY:
            return {**value, "data": self.binary(str(data))}
        if isinstance(data, int):
            return dict(value)
        return {**value, "data": self._line(data) if isinstance(data, str) else [self._line(line) for line in data]}

    def _line(self, text: Any) -> Any:
        """Replace in a text that may be a line of a record: in JSON a word may be written otherwise, and its own words are not texts."""
        if not isinstance(text, str) or not text.startswith("{"):
            return self._any(text)
        try:
            entry = json.loads(text)
        except (RecursionError, ValueError):
            return self._any(text)
        return json.dumps(self._record(entry))

    def _record(self, node: Any) -> Any:
        """Replace in a record; the data of a binary value is in hexadecimal digits."""
        if isinstance(node, dict):
            if node.get("type") == RegistryType.BINARY.name and isinstance(node.get("data"), str):
                return {**node, "data": self.binary(node["data"])}
            return {self.text(name): self._record(item) for name, item in node.items()}
        return [self._record(item) for item in node] if isinstance(node, list) else self._any(node)

    def _command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(command)
        only_addresses = command["arguments"][:1] == ["netstat"]
        for part in ("stdout", "stderr"):
            if part in command:
                made[part] = self.addresses_in(command[part]) if only_addresses and part == "stdout" else self.text(command[part])
        if "error" in command:
            made["error"] = self._any(command["error"])
        return made


# Names of fields of the format, which are no names of anybody's.
_FIELDS = frozenset(
    {
        *("kind", "message", "code", "subcode", "return_value", "class_name", "keys", "property", "values", "rows", "error", "opens"),
        *("address", "transport", "port", "enabled", "shell", "listeners", "where", "whole"),
    }
)


def _is_field(name: object) -> bool:
    return name in _FIELDS


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _text(row: Mapping[str, Any], name: str) -> str:
    cell = row.get(name)
    return cell if isinstance(cell, str) else ""


def _texts(node: Any) -> Iterable[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for name, item in node.items():
            yield str(name)
            yield from _texts(item)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def anonymized(capture: Capture, knowledge: Knowledge, random: Random | None = None) -> Anonymized:
    """Return a capture that can be given away.

    Raises:
        Refused: a name is also a word that plans depend on, or it is anonymized already.
    """
    if capture.anonymized:
        raise Refused("the capture is anonymized already")
    return Anonymizer(capture, knowledge, random).capture(capture)
