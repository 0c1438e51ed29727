# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at WMI: classes, properties, conditions, empty lists, and how the host says that something is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, Fault, MethodFailed, NotCaptured
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CIMV2, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Value, whole_number
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import (
    AbsentLook,
    ConditionsLook,
    EmptyLook,
    FilterLook,
    Missing,
    MissingLook,
    PropertiesLook,
    Shape,
)

from .ground import Ground
from .verdict import Verdict, confirmed, contradicted, counted, not_seen, some

# Nothing is called so.
NOBODY = "netmin.windows.absent"
NO_CLASS = "netmin_windows_absent"
PRESENT_KEY = rf"{SERVICES_KEY}\Tcpip\Parameters"
# Microsoft, HKLM\\SYSTEM\\CurrentControlSet\\Services Registry Tree: a number of every service and driver.
NUMBER_KEY, NUMBER_NAME = rf"{SERVICES_KEY}\Tcpip", "Start"
NOT_SENT = "a capture holds values, not how they were sent"


def look_at_properties(ground: Ground, look: PropertiesLook) -> Verdict:
    """Read rows of a class, and see whether each property is there and of its type."""
    asked = () if look.whole else tuple(look.properties)
    where = Where(look.where, look.only) if look.only else None
    try:
        rows = ground.reader.query(look.wmi_class, asked, where=where, namespace=look.namespace)
    except Fault as error:
        return not_seen(str(error)) if _is_no_evidence(error) else _refused(ground, look, error)
    if not rows:
        return not_seen(f"{look.wmi_class} has no row here")
    wrong = [text for name, shape in look.properties.items() if (text := _wrong(rows, name, shape)) is not None]
    gone = [name for name in look.properties if look.whole and not ground.captured and not _is_there(rows, name, look.properties[name])]
    if wrong:
        types = [f"{name} a {shape}" for name, shape in look.properties.items() if any(text.startswith(f"{name} is ") for text in wrong)]
        return contradicted(some(types), some(wrong))
    if gone:
        return contradicted(f"{look.wmi_class} with {some(gone)}", f"no {some(gone)}")
    return confirmed(f"{counted(len(rows), 'row')} with {some(look.properties)}")


def _refused(ground: Ground, look: PropertiesLook, error: Fault) -> Verdict:
    """Find out whether it is the class that the host does not have, or which properties."""
    there: list[str] = []
    for name in look.properties:
        try:
            ground.reader.query(look.wmi_class, (name,), namespace=look.namespace)
        except AccessDenied as denied:
            return not_seen(str(denied))
        except NotCaptured:
            break
        except Fault:
            if not there and name != next(iter(look.properties)):
                # Two properties by themselves are refused, too: it is not they.
                break
            continue
        there.append(name)
    missing = [name for name in look.properties if name not in there]
    if there and missing:
        return contradicted(f"{look.wmi_class}.{some(missing)}", f"{look.wmi_class} has no {some(missing)}")
    return contradicted(f"the class {look.wmi_class} in {look.namespace}", f"no such class: {told_of(error)}")


def _is_there(rows: tuple[Row, ...], name: str, shape: Shape) -> bool:
    """Tell whether rows have a property; an array that is null is left out on the wire, and a reference is never null."""
    return shape is Shape.LIST or any(key.lower() == name.lower() for row in rows for key in row.values)


def _wrong(rows: tuple[Row, ...], name: str, shape: Shape) -> str | None:
    for row in rows:
        value = row.value(name)
        if value is not None and not _FITS[shape](value):
            return f"{name} is {_shown(value)}"
    return None


def _shown(value: Value) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return "a list" if isinstance(value, tuple) else "an instance"


def _is_number(value: Value) -> bool:
    try:
        return isinstance(value, str) and isinstance(whole_number(value), int)
    except ValueError:
        return False


def _is_time(value: Value) -> bool:
    try:
        return isinstance(value, str) and isinstance(datetime.fromisoformat(value.strip()), datetime)
    except ValueError:
        return False


_FITS: Mapping[Shape, Callable[[Value], bool]] = {
    Shape.TEXT: lambda value: isinstance(value, str),
    Shape.NUMBER: _is_number,
    Shape.FLAG: lambda value: isinstance(value, str) and value.strip().lower() in ("true", "false"),
    Shape.TIME: _is_time,
    Shape.REFERENCE: lambda value: isinstance(value, Reference),
    # An array of one looks like a scalar.
    Shape.LIST: lambda value: isinstance(value, str | tuple),
}


def look_at_absence(ground: Ground, look: AbsentLook) -> Verdict:
    """See whether a class is not there."""
    try:
        rows = ground.words.query(look.wmi_class, (look.property,), namespace=look.namespace)
    except Fault as error:
        return not_seen(str(error)) if _is_no_evidence(error) else confirmed(f"no such class: {told_of(error)}")
    return contradicted(f"no class {look.wmi_class}", f"{counted(len(rows), 'row')} of it")


def look_at_missing(ground: Ground, look: MissingLook) -> Verdict:
    """Ask for what is not there, and see how the host says so."""
    try:
        told = _ASK[look.what](ground)
    except MethodFailed as error:
        fits = error.return_value in look.codes and look.what is Missing.TYPE
        seen = f"return value {_number(error.return_value)}"
        return confirmed(seen) if fits else contradicted(_any(look), seen)
    except Fault as error:
        if _is_no_evidence(error):
            return not_seen(str(error))
        fits = error.code in look.codes if error.code is not None else error.subcode in look.subcodes
        return confirmed(told_of(error)) if fits else contradicted(_any(look), told_of(error))
    if told is not None:
        return contradicted(_any(look), told)
    return confirmed(f"return value {' or '.join(map(_number, look.codes))}, which means absent")


def _ask_value(ground: Ground) -> str | None:
    found = ground.words.value(PRESENT_KEY, NOBODY, RegistryType.DWORD)
    return None if found is None else f"the value {found.plain()}"


def _ask_key(ground: Ground) -> str | None:
    found = ground.words.value_types(rf"{PRESENT_KEY}\{NOBODY}")
    return None if found is None else counted(len(found), "value")


def _ask_type(ground: Ground) -> str:
    found = ground.words.value(NUMBER_KEY, NUMBER_NAME, RegistryType.SZ)
    return "no value" if found is None else f"the value {found.plain()}"


def _query(wmi_class: str, column: str, namespace: str = CIMV2) -> Callable[[Ground], str]:
    def ask(ground: Ground) -> str:
        return counted(len(ground.words.query(wmi_class, (column,), namespace=namespace)), "row")

    return ask


_ASK: Mapping[Missing, Callable[[Ground], str | None]] = {
    Missing.CLASS: _query(NO_CLASS, "Name"),
    Missing.NAMESPACE: _query("Win32_ComputerSystem", "Name", f"root/{NO_CLASS}"),
    Missing.PROPERTY: _query("Win32_ComputerSystem", NO_CLASS),
    Missing.VALUE: _ask_value,
    Missing.KEY: _ask_key,
    Missing.TYPE: _ask_type,
}


def _is_no_evidence(error: Fault) -> bool:
    """Tell whether a fault says nothing of what is there: the account may not look, or no host has said it but a reader of files."""
    return isinstance(error, AccessDenied) or (error.code is None and not error.subcode)


def told_of(error: Fault) -> str:
    """Return code and subcode of a fault, which are the same in every language."""
    return " ".join(text for text in ("fault", "" if error.code is None else _number(error.code), error.subcode) if text)


def _any(look: MissingLook) -> str:
    return " or ".join((*map(_number, look.codes), *look.subcodes))


def _number(code: int) -> str:
    return str(code) if code < 0x10000 else f"0x{code:X}"


def look_at_empty(ground: Ground, look: EmptyLook) -> Verdict:
    """Read a list without elements: it has to come as one."""
    if look.key:
        found = ground.words.value_types(look.key)
        if found is None:
            return not_seen(f"there is no key HKLM\\{look.key}")
        return not_seen(f"HKLM\\{look.key} has {counted(len(found), 'value')} here") if found else confirmed("no value, and no error")
    if ground.captured:
        return not_seen(NOT_SENT)
    rows = ground.reader.query("Win32_Service", ("Name",), where=Where("Name", (NOBODY,)))
    return contradicted("no row", counted(len(rows), "row")) if rows else confirmed("no row, and no error")


def look_at_filter(ground: Ground, look: FilterLook) -> Verdict:
    """See whether rows come back that the condition does not select."""
    wanted = {str(value) for value in look.values}
    rows = ground.words.query(look.wmi_class, look.properties, where=Where(look.where, look.values), namespace=look.namespace)
    if not rows:
        return not_seen(f"no row of {look.wmi_class} fits")
    others = [value for row in rows if (value := row.text(look.where) or "none") not in wanted]
    if others:
        return contradicted(f"{look.where} {' or '.join(sorted(wanted))}", f"{look.where} {some(others)}")
    return confirmed(f"{counted(len(rows), 'row')}, all with {look.where} {' or '.join(sorted(wanted))}")


def look_at_conditions(ground: Ground, look: ConditionsLook) -> Verdict:
    """Send a query with many conditions."""
    if ground.captured:
        return not_seen(NOT_SENT)
    names = tuple(f"{NOBODY}.{number}" for number in range(look.count))
    try:
        ground.reader.query("Win32_Service", ("Name",), where=Where("Name", names))
    except Fault as error:
        return contradicted(f"{look.count} conditions are taken", told_of(error))
    return confirmed(f"{look.count} conditions are taken")
