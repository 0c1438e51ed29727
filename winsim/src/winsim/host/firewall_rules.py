# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rule of Windows Firewall: the text that the registry holds, and which sockets it is about.

Source: MS-GPFAS 2.2.2.19 (grammar, what may stand once, what a missing token means). The order in which Windows writes the tokens is
that of published exports of the registry. Knows nothing of services, profiles in use or where rules are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .model import Category

TCP, UDP = 6, 17
HIGHEST_PORT, HIGHEST_PROTOCOL = 65535, 255
ANY_SERVICE = "*"
"""`Svc` of a rule for whatever is a service."""

SYSTEM_PROGRAM = "System"
"""`App` of a rule for the kernel's sockets."""

ONCE = ("Action", "Active", "App", "Desc", "Dir", "Name", "Protocol", "Svc")
PORT_TOKENS = ("LPort", "LPort2_10")
HARMLESS = ("Defer", "Edge", "EmbedCtxt", "LOM", "LSM", "PCROSS", "PCross")
"""Tokens that do not change which unsolicited packets a block rule drops."""


class Action(StrEnum):
    """What a rule does."""

    ALLOW = "Allow"
    BLOCK = "Block"
    BYPASS = "ByPass"


class Direction(StrEnum):
    """Whose packets a rule is about."""

    IN = "In"
    OUT = "Out"


class Keyword(StrEnum):
    """Local ports that no number says (MS-GPFAS 2.2.2.3); of the others nothing here listens."""

    RPC = "RPC"
    MAPPER = "RPC-EPMap"


TOKENS = {Category.DOMAIN: "Domain", Category.PRIVATE: "Private", Category.PUBLIC: "Public"}
"""What `Profile` is in a rule (MS-GPFAS 2.2.2.1); several stand in this order (from memory)."""


@dataclass(frozen=True, slots=True)
class Target:
    """A socket as a rule sees it.

    Attributes:
        protocol: the number of the IP protocol.
        rpc: it is a dynamic port of an RPC server.
        mapper: it is the endpoint mapper's port.
        program: the image of its process, in full; `System` for the kernel's.
        services: the names of all services in that process.
    """

    protocol: int
    port: int
    rpc: bool
    mapper: bool
    program: str
    services: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; what is empty or None makes no condition.

    Attributes:
        program: may be written with variables.
        narrowed: it has a condition that is not modelled (addresses, interfaces, remote ports, users).
    """

    name: str
    action: Action
    direction: Direction
    active: bool = False
    protocol: int | None = None
    profiles: frozenset[Category] = frozenset()
    ports: tuple[range, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    program: str = ""
    service: str = ""
    description: str = ""
    narrowed: bool = False

    def text(self, version: str) -> str:
        """Return it as the registry holds it."""
        fields = [f"Action={self.action}", f"Active={str(self.active).upper()}", f"Dir={self.direction}"]
        fields += [] if self.protocol is None else [f"Protocol={self.protocol}"]
        fields += [f"Profile={token}" for profile, token in TOKENS.items() if profile in self.profiles]
        fields += [f"LPort={entry[0]}" for entry in self.ports if len(entry) == 1]
        fields += [f"LPort={keyword}" for keyword in self.keywords]
        fields += [f"LPort2_10={entry[0]}-{entry[-1]}" for entry in self.ports if len(entry) > 1]
        texts = {"App": self.program, "Svc": self.service, "Name": self.name, "Desc": self.description}
        fields += [f"{token}={text}" for token, text in texts.items() if text]
        return "".join(f"{field}|" for field in (f"v{version}", *fields))

    def in_profile(self, profile: Category) -> bool:
        """Tell whether it counts in a profile."""
        return not self.profiles or profile in self.profiles

    def matches(self, target: Target, program: str) -> bool:
        """Tell whether all packets to a socket meet its conditions; `program` is its own with all variables replaced."""
        return (
            not self.narrowed
            and self.protocol in (None, target.protocol)
            and self._has_port(target)
            and program.lower() in ("", target.program.lower())
            and self._has_service(target)
        )

    def _has_port(self, target: Target) -> bool:
        if not self.ports and not self.keywords:
            return True
        if any(target.port in entry for entry in self.ports):
            return True
        return target.protocol == TCP and (
            (Keyword.RPC in self.keywords and target.rpc) or (Keyword.MAPPER in self.keywords and target.mapper)
        )

    def _has_service(self, target: Target) -> bool:
        if self.service == ANY_SERVICE:
            return bool(target.services)
        return not self.service or self.service.lower() in {name.lower() for name in target.services}


def parse(text: str) -> Rule:
    """Read a rule.

    Raises:
        ValueError: it is none.
    """
    fields = _fields(text)
    single = {token: _single(token, fields) for token in ONCE}
    protocol = _protocol(fields)
    ports, keywords, elsewhere = _ports(fields)
    return Rule(
        name=single["Name"],
        action=Action(single["Action"]),
        direction=Direction(single["Dir"]),
        active={"TRUE": True, "FALSE": False, "": False}.get(single["Active"].upper(), False),
        protocol=protocol,
        profiles=frozenset(_profile(value) for token, value in fields if token == "Profile"),
        ports=ports,
        keywords=keywords,
        program=single["App"],
        service=single["Svc"],
        description=single["Desc"],
        narrowed=elsewhere or any(token not in (*ONCE, *PORT_TOKENS, *HARMLESS, "Profile") for token, value in fields),
    )


def version_of(text: str) -> str | None:
    """Return the version that a rule is written in, `2.26`; None where the text is no rule."""
    found = re.match(r"v(\d{1,3}\.\d{1,3})\|", text)
    return None if found is None else found[1]


def port_range(text: str) -> range:
    """Read a port or a range of them.

    Raises:
        ValueError: it is neither.
    """
    first, dash, last = text.partition("-")
    ends = (first, last if dash else first)
    if not all(re.fullmatch("[0-9]{1,5}", end) for end in ends):
        raise ValueError(f"{text} is no port and no range")
    low, high = (int(end) for end in ends)
    if not low <= high <= HIGHEST_PORT:
        raise ValueError(f"{text} is no port and no range")
    return range(low, high + 1)


def _fields(text: str) -> list[tuple[str, str]]:
    if version_of(text) is None or not text.endswith("|"):
        raise ValueError("no rule")
    parts = [part.partition("=") for part in text.split("|")[1:-1]]
    if not all(separator for token, separator, value in parts):
        raise ValueError("a field without a value")
    return [(token, value) for token, separator, value in parts]


def _single(token: str, fields: Iterable[tuple[str, str]]) -> str:
    values = [value for name, value in fields if name == token]
    if len(values) > 1:
        raise ValueError(f"{token} comes twice")
    return values[0] if values else ""


def _protocol(fields: list[tuple[str, str]]) -> int | None:
    """Return the protocol; local ports may only stand behind one that has some (MS-GPFAS 2.2.2.19, at the end)."""
    tokens = [token for token, value in fields]
    text = _single("Protocol", fields)
    number = int(text) if re.fullmatch("[0-9]{1,3}", text) else None
    if text and (number is None or number > HIGHEST_PROTOCOL):
        raise ValueError(f"{text} is no protocol")
    first = min((tokens.index(token) for token in PORT_TOKENS if token in tokens), default=None)
    if first is not None and (number not in (TCP, UDP) or tokens.index("Protocol") > first):
        raise ValueError("a port without a protocol that has any")
    return number


def _ports(fields: Iterable[tuple[str, str]]) -> tuple[tuple[range, ...], tuple[Keyword, ...], bool]:
    """Return local ports and keywords, and whether only keywords are named that nothing here stands for."""
    listed = [value for token, value in fields if token in PORT_TOKENS]
    known = {keyword.lower(): keyword for keyword in Keyword}
    ports = tuple(port_range(value) for value in listed if value[:1].isdigit())
    keywords = tuple(known[value.lower()] for value in listed if value.lower() in known)
    return ports, keywords, bool(listed) and not ports and not keywords


def _profile(token: str) -> Category:
    found: dict[str, Category] = {text: profile for profile, text in TOKENS.items()}
    if token not in found:
        raise ValueError(f"{token} is no profile")
    return found[token]
