# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports that a host forwards to another address (netsh interface portproxy), which IP Helper listens for.

The host is asked only where IP Helper, or the process that it shares with others, holds a TCP port whose number is nothing that it
has by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Family, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge

from .host import Host, Service
from .owners import Explained
from .settings import Setting, read_setting

RECIPE, OWNER = "port-proxy", "iphlpsvc"
# Microsoft, netsh interface portproxy: a list for each pair of IP versions; it forwards TCP alone.
WAYS = {"v4tov4": Family.IPV4, "v4tov6": Family.IPV4, "v6tov4": Family.IPV6, "v6tov6": Family.IPV6}
# The name of a value is the address (the same: or the name, or * for all) and port that is forwarded, its text where to.
PLACE = re.compile(r"(.*)/([0-9]{1,5})")


def with_forwarded(reader: Reader, host: Host, knowledge: Knowledge, explained: Iterable[Explained]) -> tuple[Explained, ...]:
    """Say of each port that IP Helper forwards where it leads."""
    subjects = tuple(explained)
    helper = host.services.get(OWNER)
    if helper is None or helper.stopped:
        return subjects
    usual = host.dynamic_ports(Protocol.TCP, knowledge)
    own = tuple(subject for subject in subjects if _may_be(subject, helper))
    if not any(_is_odd(subject, usual) for subject in own):
        return subjects
    forwarded = read_forwarded(reader)
    return tuple(_told(subject, forwarded, helper.name) if subject in own else subject for subject in subjects)


@dataclass(frozen=True, slots=True)
class Forward:
    """One port that is forwarded.

    Attributes:
        listens: the address where it is taken, or a name of the host; `*` for all addresses of the family.
        leads: where it goes.
    """

    listens: str
    family: Family
    port: int
    leads: str

    def fits(self, row: Endpoint) -> bool:
        """Tell whether it may be what listens there; only the host knows the address of a name."""
        address = self._address
        return (row.family, row.port) == (self.family, self.port) and (address is None or row.ip == address)

    @property
    def exact(self) -> bool:
        """Whether it says on which address it listens."""
        return self._address is not None

    @property
    def _address(self) -> IPv4Address | IPv6Address | None:
        try:
            return ip_address(self.listens.partition("%")[0])
        except ValueError:
            return None


def read_forwarded(reader: Reader) -> tuple[Forward, ...]:
    """Return the ports that are forwarded; those that say on which address first."""
    found: list[Forward] = []
    for way, family in WAYS.items():
        key = rf"{SERVICES_KEY}\PortProxy\{way}\tcp"
        for name in reader.value_types(key) or ():
            place = PLACE.fullmatch(name)
            target = _target(reader, key, name) if place else None
            if place and target:
                found.append(Forward(place[1], family, int(place[2]), target))
    return tuple(sorted(found, key=lambda forward: not forward.exact))


def _target(reader: Reader, key: str, name: str) -> str | None:
    value = read_setting(reader, Setting(key, name, RegistryType.SZ))
    place = PLACE.fullmatch(str(value.data)) if value is not None else None
    return f"{place[1]} port {place[2]}" if place else None


def _may_be(subject: Explained, helper: Service) -> bool:
    """Tell whether IP Helper can hold an endpoint: by its process, whichever of those that share it was named."""
    row = subject.endpoint
    here = row.pid == helper.pid if row.pid is not None else OWNER in Names(subject.owners)
    return here and row.protocol is Protocol.TCP and not subject.management


def _is_odd(subject: Explained, usual: Iterable[range]) -> bool:
    """Tell whether nothing explains a number: it is not from the range that RPC servers of the same process take theirs from."""
    alone = Names(subject.owners) == Names([OWNER])
    return alone or (subject.recipe is None and not subject.dynamic) or not any(subject.endpoint.port in numbers for numbers in usual)


def _told(subject: Explained, forwarded: Iterable[Forward], owner: str) -> Explained:
    target = next((forward.leads for forward in forwarded if forward.fits(subject.endpoint)), None)
    if target is None:
        return subject
    return replace(subject, owners=(owner,), kinds=((None,),), dynamic=False, recipe=RECIPE, leads=target)
