# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A `Reader` that passes reads on to a host and keeps what came back: answers and refusals alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core import registry
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CIMV2, CommandOutput, Read, Reader, Where, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row

from .answers import Unknown, rows_for
from .model import Cell, Command, Error, Key, KeyGrant, Listeners, Moment, Query, RefusedValue, Shell, StoredValue, ValueKind
from .plain_values import REFUSALS, cell_of, command_of, condition_of, error_of, kind_of, listener_of, raised, rows_of, value_of

T = TypeVar("T")

# Classes that are asked without naming properties, since which there are depends on the Windows, or because an array or a reference in a
# projection was never recorded; and what is kept of them.
KEPT: ByName[tuple[str, ...]] = ByName(
    {
        "Win32_OperatingSystem": (
            *("Version", "BuildNumber", "ProductType", "OperatingSystemSKU", "Caption", "LastBootUpTime", "LocalDateTime"),
            *("OSLanguage", "ServicePackMajorVersion"),
        ),
        "Win32_DependentService": ("Antecedent", "Dependent"),
        "Win32_NetworkAdapterConfiguration": (
            *("Index", "Description", "SettingID", "MACAddress", "IPEnabled", "DHCPEnabled", "IPAddress", "IPSubnet"),
            *("TcpipNetbiosOptions", "WINSPrimaryServer", "WINSSecondaryServer"),
        ),
    }
)


@dataclass(slots=True)
class _Draft:
    """A key, as far as it is known up to now."""

    key: str
    there: bool | None = None
    types: dict[str, ValueKind] | None = None
    subkeys: tuple[str, ...] | None = None
    values: dict[str, StoredValue] = field(default_factory=dict)
    absent: dict[str, None] = field(default_factory=dict)
    refused: dict[tuple[str, ValueKind], RefusedValue] = field(default_factory=dict)
    types_error: Error | None = None
    subkeys_error: Error | None = None
    grants: tuple[KeyGrant, ...] | None = None
    grants_error: Error | None = None

    def done(self) -> Key:
        """Return it as a value."""
        return Key(
            key=self.key,
            there=self.there,
            types=self.types,
            subkeys=self.subkeys,
            values=self.values,
            absent=tuple(self.absent),
            refused=tuple(self.refused.values()),
            types_error=self.types_error,
            subkeys_error=self.subkeys_error,
            grants=self.grants,
            grants_error=self.grants_error,
        )


class Recorder:
    """Reads from a host and keeps the answers; implements `Reader`.

    Attributes:
        refused: what the host refused, in the words of its errors, each once.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._moments: list[Moment] = []
        self.refused: dict[str, None] = {}
        self._begin()

    def _begin(self) -> None:
        self._queries: dict[object, Query] = {}
        self._keys: dict[str, _Draft] = {}
        self._commands: list[Command] = []
        self._listeners: Listeners | None = None
        self._shell: Shell | None = None

    def later(self) -> None:
        """End this moment: what is asked from now on is asked anew."""
        self._moments.append(self._moment())
        self._begin()
        self._reader.forget()

    def moments(self) -> tuple[Moment, ...]:
        """Return all that was kept."""
        return (*self._moments, self._moment())

    def _moment(self) -> Moment:
        return Moment(
            queries=tuple(self._queries.values()),
            keys=tuple(draft.done() for _name, draft in sorted(self._keys.items())),
            commands=tuple(self._commands),
            listeners=self._listeners,
            shell=self._shell,
        )

    # Reader

    @property
    def host(self) -> str:
        """The address that messages name."""
        return self._reader.host

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows; see `Reader.query`. What follows from an answer that is kept is not asked for.

        Raises:
            ValueError: all properties are asked for of a class of which nobody has said what is kept.
        """
        columns = tuple(properties) or KEPT.get(wmi_class)
        if columns is None:
            raise ValueError(f"what is kept of {wmi_class} is not known")
        if where is not None and not where.values:
            return ()
        condition = condition_of(where) if where is not None else None
        known = rows_for(self._queries.values(), wmi_class, namespace, properties, condition)
        if isinstance(known, Error):
            raise raised(known, self.host)
        if not isinstance(known, Unknown):
            return rows_of(known, wmi_class, self.host)
        place = (namespace.lower(), wmi_class.lower(), Names(columns), condition)

        def keep(rows: tuple[Row, ...], error: Error | None) -> None:
            self._queries[place] = Query(
                wmi_class=wmi_class,
                namespace=namespace,
                properties=columns,
                whole=not properties,
                where=condition,
                rows=tuple(_kept(row, Names(columns)) for row in rows),
                error=error,
            )

        rows = self._asked(
            lambda: self._reader.query(wmi_class, properties, where=where, namespace=namespace), lambda error: keep((), error)
        )
        keep(rows, None)
        return rows

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value; see `Reader.value`. One that cannot be there is not asked for."""
        draft = self._draft(key)
        if draft.there is False or (draft.types is not None and name not in Names(draft.types)) or self._lies_below_an_absent_key(key):
            return None
        place = (name.lower(), kind_of(kind))
        found = self._asked(
            lambda: self._reader.value(key, name, kind),
            lambda error: draft.refused.update({place: RefusedValue(name=name, asked=kind_of(kind), error=error)}),
        )
        if found is None:
            draft.absent[name] = None
        else:
            draft.there = True
            draft.values[name] = value_of(found)
        return found

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values; see `Reader.value_types`."""
        draft = self._draft(key)
        if draft.there is False or self._lies_below_an_absent_key(key):
            return None

        def refuse(error: Error) -> None:
            draft.types_error = error

        found = self._asked(lambda: self._reader.value_types(key), refuse)
        draft.there = found is not None
        draft.types = None if found is None else {name: kind_of(kind) for name, kind in found.items()}
        return found

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys; see `Reader.subkeys`."""
        draft = self._draft(key)
        if draft.there is False or self._lies_below_an_absent_key(key):
            return None

        def refuse(error: Error) -> None:
            draft.subkeys_error = error

        found = self._asked(lambda: self._reader.subkeys(key), refuse)
        draft.there = found is not None
        draft.subkeys = found
        return found

    def grants(self, key: str) -> tuple[registry.Grant, ...] | None:
        """Return what the access list of a key allows; see `Reader.grants`."""
        draft = self._draft(key)
        if draft.there is False or self._lies_below_an_absent_key(key):
            return None

        def refuse(error: Error) -> None:
            draft.grants_error = error

        found = self._asked(lambda: self._reader.grants(key), refuse)
        draft.there = found is not None
        draft.grants = None if found is None else tuple(KeyGrant(sid=item.sid, name=item.name, rights=item.rights) for item in found)
        return found

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there; see `Reader.has_key`."""
        draft = self._draft(key)
        if draft.there is None and not self._lies_below_an_absent_key(key) and not self._has_a_subkey(key):
            draft.there = self._asked(lambda: self._reader.has_key(key), lambda _error: None)
        return draft.there if draft.there is not None else self._has_a_subkey(key)

    def command(self, *arguments: str) -> CommandOutput:
        """Run a command; see `Reader.command`."""
        output = self._asked(
            lambda: self._reader.command(*arguments), lambda error: self._commands.append(Command(arguments=arguments, error=error))
        )
        self._commands.append(command_of(arguments, output))
        return output

    def open_shell(self) -> None:
        """Open the command shell; see `Reader.open_shell`."""

        def refuse(error: Error) -> None:
            self._shell = Shell(error=error)

        self._asked(self._reader.open_shell, refuse)
        self._shell = Shell()

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Return WinRM's own listener configuration; see `Reader.winrm_listeners`."""

        def refuse(error: Error) -> None:
            self._listeners = Listeners(error=error)

        rows = self._asked(self._reader.winrm_listeners, refuse)
        self._listeners = Listeners(rows=tuple(listener_of(row) for row in rows))
        return rows

    def forget(self) -> None:
        """Drop what was read: what is kept stays until it is asked again."""
        self._reader.forget()

    def ahead(self, wants: Callable[[], Iterable[Read]], *, over: int) -> None:
        """Ask side by side; see `Reader.ahead`. Each read is kept when it is asked in its turn."""
        self._reader.ahead(wants, over=over)

    def recall(self, read: Callable[[Reader], T]) -> T:
        """Do a read from what is remembered; see `Reader.recall`."""
        return self._reader.recall(read)

    # What is kept

    def _asked(self, ask: Callable[[], T], refuse: Callable[[Error], None]) -> T:
        """Ask the host; keep a refusal and pass it on."""
        try:
            return ask()
        except REFUSALS as error:
            self.refused[str(error)] = None
            refuse(error_of(error))
            raise

    def _draft(self, key: str) -> _Draft:
        return self._keys.setdefault(key.lower(), _Draft(key))

    def _lies_below_an_absent_key(self, key: str) -> bool:
        parts = key.split("\\")
        for length in range(1, len(parts)):
            above = self._keys.get("\\".join(parts[:length]).lower())
            if above is not None and (above.there is False or (above.subkeys is not None and parts[length] not in Names(above.subkeys))):
                return True
        return False

    def _has_a_subkey(self, key: str) -> bool:
        """Tell whether a key is there because one below it is."""
        below = f"{key.lower()}\\"
        return any(name.startswith(below) and draft.there for name, draft in self._keys.items())


def _kept(row: Row, columns: Names) -> dict[str, Cell]:
    return {name: cell for name, value in row.values.items() if name in columns and (cell := cell_of(name, value)) is not None}
