# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which ports a probe looks at: those that a list of endpoints names, and those that somebody was permitted to scan.

Runs on the Python of the place of the probe: standard library only, from Python 3.9 on. Takes ports from a list, and never an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LISTED = "listed"
PROTOCOLS = ("tcp", "udp")
LAST_PORT = 65535
MOST_LISTED = 2048
"""So many ports of a list are looked at in each family: the list comes from a host, which may name any number."""

_ENTRY = re.compile(r"(tcp|udp)/([0-9]{1,5})(?:-([0-9]{1,5}))?")

Port = tuple[str, int]
"""A protocol and a number."""

Asked = tuple[str, range]
"""A protocol and ports of it, or `listed` and none."""


class WrongPorts(ValueError):
    """What an option says is no port."""


@dataclass(frozen=True)
class Listed:
    """The ports of a list.

    Attributes:
        ports: by family (4 and 6), in the order in which they are looked at.
        whole: the list names all ports that it stands for.
        left_out: so many were too many.
        unreadable: so many entries were none.
    """

    ports: Mapping[int, tuple[Port, ...]]
    whole: bool = True
    left_out: int = 0
    unreadable: int = 0


def asked_for(entries: Iterable[object]) -> list[Asked]:
    """Read the option `ports`.

    Raises:
        WrongPorts: with all that is wrong.
    """
    found: list[Asked] = []
    wrong = []
    for entry in entries:
        text = str(entry).strip()
        if text == LISTED:
            found.append((LISTED, range(0)))
            continue
        match = _ENTRY.fullmatch(text)
        low, high = (int(match[2]), int(match[3] or match[2])) if match else (0, 0)
        if match and 1 <= low <= high <= LAST_PORT:
            found.append((match[1], range(low, high + 1)))
        else:
            wrong.append(text[:40])
    if wrong:
        named = ", ".join(repr(text) for text in wrong[:5])
        raise WrongPorts(f"'ports' has {named}; write 'listed', tcp/445, udp/137 or tcp/1-1024")
    return found


def beyond(asked: Iterable[Asked]) -> bool:
    """Tell whether more is asked for than what the list names."""
    return any(protocol != LISTED for protocol, _numbers in asked)


def scanned(asked: Iterable[Asked]) -> Iterator[Port]:
    """Yield each port of the ranges once, in order."""
    seen = set()
    for protocol, numbers in asked:
        for number in numbers:
            if (protocol, number) not in seen:
                seen.add((protocol, number))
                yield protocol, number


def listed(rows: Iterable[object]) -> Listed:
    """Read the ports of endpoints as the modules of this collection return them; a host may have put anything there.

    TCP comes first, and rows of few ports before those of many, so that the crowd of one service pushes out no port of another.
    """
    every = [read_row(row) for row in rows]
    read = [row for row in every if row is not None]
    found: dict[int, dict[Port, None]] = {4: {}, 6: {}}
    left: set[tuple[int, Port]] = set()
    for protocol, numbers, families, _complete in sorted(read, key=lambda row: (row[0] != "tcp", len(row[1]))):
        for family in families:
            for number in numbers:
                port = (protocol, number)
                if port in found[family] or len(found[family]) < MOST_LISTED:
                    found[family][port] = None
                else:
                    left.add((family, port))
    whole = not left and all(complete for *_ports, complete in read)
    return Listed({family: tuple(ports) for family, ports in found.items()}, whole, len(left), len(every) - len(read))


def read_row(row: object) -> tuple[str, list[int], tuple[int, ...], bool] | None:
    """Return protocol, numbers, families, and whether these are all; None of what is no endpoint."""
    if not isinstance(row, Mapping) or row.get("protocol") not in PROTOCOLS:
        return None
    numbers = numbers_of(row)
    if not numbers:
        return None
    addresses = str(row.get("address") or "").split(", ")
    families = tuple(sorted({6 if ":" in address else 4 for address in addresses}))
    count = row.get("count")
    count = count if isinstance(count, int) else 1
    if count > len(addresses) * len(numbers) and not row.get("ports"):
        # A row of many addresses names the first, and one of many dynamic ports, too.
        return str(row["protocol"]), numbers, (4, 6), not row.get("dynamic")
    return str(row["protocol"]), numbers, families, not str(row.get("ports") or "").endswith(" more")


def numbers_of(row: Mapping[str, Any]) -> list[int]:
    """Return the ports that a row names, none where it is not as we write rows; of `20001-20009, 20011 and 5 more` those that are named."""
    text = str(row.get("ports") or row.get("port") or "").partition(" and ")[0]
    numbers: list[int] = []
    for part in text.split(", "):
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part)
        if not match:
            return []
        low, high = int(match[1]), int(match[2] or match[1])
        if not 1 <= low <= high <= LAST_PORT:
            return []
        numbers.extend(range(low, high + 1))
        if len(numbers) > LAST_PORT:
            return []
    return numbers


def ranges(numbers: Iterable[int]) -> str:
    """Write ports as ranges: `1-134, 136`."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in found)
