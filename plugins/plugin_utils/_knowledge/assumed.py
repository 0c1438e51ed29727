# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shapes of assumptions: what this collection takes for granted of a Windows, and how a host can confirm or contradict it.

How a host is looked at is said in a closed vocabulary, so that a reader of the list sees all that the doctor ever asks. Knows no host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from .model import EVERY_WINDOWS, Confidence, Range, ValueType


class Use(StrEnum):
    """What rests on an assumption, beside stages and recipes."""

    PLAN = "every plan"
    PROOF = "proof"
    RECORD = "record"
    RULES = "firewall rules"
    SPEED = "speed"
    REFUSALS = "refusals"


class Shape(StrEnum):
    """Of which type a property of a class is, as far as the wire shows it."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "true or false"
    TIME = "time"
    REFERENCE = "reference"
    LIST = "list"


class Missing(StrEnum):
    """What a host is asked for that it does not have, so that it says how it tells."""

    CLASS = "class"
    NAMESPACE = "namespace"
    PROPERTY = "property"
    VALUE = "value"
    KEY = "key"
    TYPE = "type"


class Pages(StrEnum):
    """What the first answer to an enumeration with several rows holds."""

    ONE = "one row"
    AS_MANY_AS_FIT = "as many rows as fit"


class Owned(StrEnum):
    """What an endpoint has to show of its owner."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertiesLook:
    """A class that is there, with properties of some types.

    Attributes:
        properties: each property that is read, with its type.
        whole: it is read without naming properties.
        where: the property that chooses instances.
        only: its values; all instances are read where they are left out.
    """

    wmi_class: str
    namespace: str = "root/cimv2"
    properties: Mapping[str, Shape]
    whole: bool = False
    where: str = "Name"
    only: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentLook:
    """A class that is not there.

    Attributes:
        property: one that it would have.
    """

    wmi_class: str
    namespace: str
    property: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingLook:
    """How the host says that it does not have something.

    Attributes:
        codes: of a fault, or return values of StdRegProv, any of which is as expected.
        subcodes: of a fault that carries no code.
    """

    what: Missing
    codes: tuple[int, ...] = ()
    subcodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyLook:
    """A list without elements: rows of a query, or the values of a key.

    Attributes:
        key: a key that has no values; where it is left out, a query that no row fits.
    """

    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterLook:
    """A condition of a query that the host applies: no other rows come back."""

    wmi_class: str
    namespace: str
    properties: tuple[str, ...]
    where: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionsLook:
    """A query with as many conditions as this collection puts into one."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersLook:
    """Each endpoint names a process that the host lists."""

    protocol: Owned


@dataclass(frozen=True, slots=True, kw_only=True)
class NetstatLook:
    """Columns of netstat, and its words for the states of a connection.

    Attributes:
        columns: how many a TCP row has.
        words: every word that is known.
    """

    columns: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLook:
    """A service or driver that starts as a plan relies on, and what it depends on; one that the host does not have tells nothing.

    Attributes:
        start: any of these start modes; nothing where it does not matter.
        requires: all of these, directly.
    """

    name: str
    start: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggersLook:
    """The key of a service that waits for a trigger: numbered subkeys with these values."""

    service: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLook:
    """The grammar of firewall rules, by rules that come with Windows.

    Attributes:
        rules: names of registry values.
        until: the newest version of the grammar that is known.
        fields: every field that is known.
    """

    rules: tuple[str, ...]
    until: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesLook:
    """What the first answer to an enumeration holds."""

    first: Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeLook:
    """How long a page is that another one follows.

    Attributes:
        at_least: bytes.
        most_rows: a page of so many rows is full, however short; 0 where nothing but the length counts.
    """

    at_least: int
    most_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BootLook:
    """How far the time of the last boot and the creation of lsass.exe may lie apart, in seconds."""

    within: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenersLook:
    """Every listener of a service that is known has a recipe.

    Attributes:
        silent: instead, no service listens that is known to own no listener.
    """

    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLook:
    """The listeners of a recipe: there while their owner runs, of no other owner, and absent where a method is in place.

    Attributes:
        ports: those of the recipe's fixed ports that are open whenever the owner runs, as `tcp/445`; `tcp/rpc-dynamic` for a dynamic one.
    """

    recipe: str
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeLook:
    """The ports that the system hands out are those that its Windows comes with."""

    protocol: Owned


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeyLook:
    """A registry value that is written below a key of our own, and comes back.

    Attributes:
        data: what is written; of a list its elements.
        back: what comes back of a list, where it is not what was written.
        filler: how many characters the data is made up to.
        empty: a list without elements is written.
        by_command: by `reg add` in a command shell.
    """

    type: ValueType
    data: int | str | tuple[str, ...] = ""
    back: tuple[str, ...] = ()
    filler: int = 0
    empty: bool = False
    by_command: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How an assumption is looked at: one of these."""

    properties: PropertiesLook | None = None
    absent: AbsentLook | None = None
    missing: MissingLook | None = None
    empty: EmptyLook | None = None
    filter: FilterLook | None = None
    conditions: ConditionsLook | None = None
    owners: OwnersLook | None = None
    netstat: NetstatLook | None = None
    service: ServiceLook | None = None
    triggers: TriggersLook | None = None
    rule: RuleLook | None = None
    pages: PagesLook | None = None
    envelope: EnvelopeLook | None = None
    boot: BootLook | None = None
    listeners: ListenersLook | None = None
    socket: SocketLook | None = None
    range: RangeLook | None = None
    own_key: OwnKeyLook | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of those that are given; one, in an entry that is right."""
        return tuple(item.name for item in fields(self) if getattr(self, item.name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """What this collection takes for granted.

    Attributes:
        says: what is assumed, in one sentence.
        windows: of which Windows.
        used: what rests on it: words of `Use`, stages, and ids of recipes.
        where: the files that rely on it.
        look: how a host is looked at.
        confirms: what confirms it.
        contradicts: what contradicts it.
    """

    id: str
    says: str
    windows: Range = EVERY_WINDOWS
    used: tuple[str, ...]
    where: tuple[str, ...]
    look: Look
    confirms: str
    contradicts: str
    confidence: Confidence
    sources: tuple[str, ...]

    @property
    def writes(self) -> bool:
        """Whether the host has to be written to to look at it."""
        return self.look.own_key is not None
