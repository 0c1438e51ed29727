# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports that a host forwards to another address (netsh interface portproxy), which IP Helper listens for.

The host is asked only where IP Helper holds a TCP port that is not dynamic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType

from .owners import Explained

RECIPE, OWNER = "port-proxy", "iphlpsvc"
# Microsoft, netsh interface portproxy: a list for each pair of IP versions; it forwards TCP alone.
WAYS = ("v4tov4", "v4tov6", "v6tov4", "v6tov6")
# The name of a value is the address and port that is forwarded, its text where to.
PLACE = re.compile(r"(.*)/([0-9]{1,5})")


def with_forwarded(reader: Reader, explained: Iterable[Explained]) -> tuple[Explained, ...]:
    """Say of each port that IP Helper forwards where it leads."""
    subjects = tuple(explained)
    if not any(map(_may_be, subjects)):
        return subjects
    forwarded = read_forwarded(reader)
    return tuple(_told(subject, forwarded) if _may_be(subject) else subject for subject in subjects)


def read_forwarded(reader: Reader) -> Mapping[int, str]:
    """Return where each forwarded port leads."""
    found: dict[int, str] = {}
    for way in WAYS:
        key = rf"{SERVICES_KEY}\PortProxy\{way}\tcp"
        for name in reader.value_types(key) or ():
            place = PLACE.fullmatch(name)
            target = _target(reader, key, name) if place else None
            if place and target:
                found.setdefault(int(place[2]), target)
    return found


def _target(reader: Reader, key: str, name: str) -> str | None:
    try:
        value = reader.value(key, name, RegistryType.SZ)
    except MethodFailed:
        return None
    place = PLACE.fullmatch(str(value.data)) if value is not None else None
    return f"{place[1]} port {place[2]}" if place else None


def _may_be(subject: Explained) -> bool:
    owned = OWNER in Names(subject.owners)
    return owned and subject.endpoint.protocol is Protocol.TCP and not subject.dynamic


def _told(subject: Explained, forwarded: Mapping[int, str]) -> Explained:
    target = forwarded.get(subject.endpoint.port)
    if target is None:
        return subject
    owner = next(name for name in subject.owners if same(name, OWNER))
    return replace(subject, owners=(owner,), kinds=((None,),), recipe=RECIPE, leads=target)
