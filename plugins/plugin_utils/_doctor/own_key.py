# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks that take writing: values below a key of the doctor's own, read back and deleted. Leaves nothing, and proves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    ConnectionLost,
    DidNotHold,
    Fault,
    HostError,
    MethodFailed,
    ProtocolError,
    Refused,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Assumption, ValueType
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import OwnKeyLook

from .examine import Finding
from .verdict import Verdict, confirmed, contradicted, counted, not_seen

KEY = r"SOFTWARE\netmin.windows.doctor"
"""The one key that the doctor writes to. Nothing else of this collection or of anybody else is in it."""
# A connection that is lost again and again is no chance any more.
ATTEMPTS = 3
TYPES = {ValueType.DWORD: RegistryType.DWORD, ValueType.SZ: RegistryType.SZ, ValueType.MULTI_SZ: RegistryType.MULTI_SZ}
FILLER = "netmin.windows "


def look_at_own_key(
    writer: Writer, assumptions: Iterable[Assumption], progress: Callable[[str], None] = lambda _what: None
) -> tuple[Finding, ...]:
    """Write, read back and delete a value for each assumption that takes writing.

    Raises:
        Refused: somebody else's things are in the key.
        DidNotHold: something was left there, or may have been; the message says what to do.
        HostError: the host was lost before anything was written.
    """
    every = tuple(assumptions)
    _refuse_what_is_not_ours(writer, Names(assumption.id for assumption in every))
    findings = []
    try:
        for assumption in every:
            progress(f"writes and deletes a value: {assumption.says}")
            findings.append(Finding(assumption, _tried(writer, assumption)))
    finally:
        leave_nothing(writer)
    return tuple(findings)


def _refuse_what_is_not_ours(writer: Writer, ours: Names) -> None:
    """Refuse a key that holds what the doctor never writes; what an earlier one had to leave is ours."""
    names = writer.value_types(KEY)
    if names is None:
        return
    strange = [name for name in names if name not in ours]
    below = writer.subkeys(KEY) or ()
    if strange or below:
        raise Refused(
            f"{HKLM}{KEY} holds what the doctor does not write ({excerpt(', '.join((*strange, *below)))}): "
            "look at it with regedit, and delete the key if nobody needs it"
        )


def _tried(writer: Writer, assumption: Assumption) -> Verdict:
    look = assumption.look.own_key
    if look is None:
        return not_seen("it takes no writing")
    try:
        return _written(writer, assumption.id, look)
    except ConnectionLost as error:
        # What became of the value does not matter: it is deleted with the key.
        return not_seen(f"the connection was lost meanwhile: {error}")
    except AccessDenied as error:
        return not_seen(str(error))
    except MethodFailed as error:
        return contradicted(f"{_told(wanted(look))} is taken", f"the host refuses it: {_code(error.return_value)}")
    except (Fault, ProtocolError) as error:
        return contradicted(f"{_told(wanted(look))} is taken", str(error))
    finally:
        # At the end all of them are deleted once more, with the key.
        with suppress(HostError):
            writer.delete_value(KEY, assumption.id)


def _written(writer: Writer, name: str, look: OwnKeyLook) -> Verdict:
    value = wanted(look)
    if look.by_command:
        writer.create_key(KEY)
        writer.set_empty_list_by_command(KEY, name)
    else:
        writer.set_value(KEY, name, value)
    kind = {other.lower(): kind for other, kind in (writer.value_types(KEY) or {}).items()}.get(name.lower())
    if kind is None:
        return contradicted(_told(value), "no value, although the host said that it was written")
    if kind is not value.type:
        return contradicted(f"a value of type {value.type.name}", f"one of type {kind.name}")
    found = writer.value(KEY, name, value.type)
    expected = RegistryValue(value.type, look.back) if look.back else value
    if found is None:
        return contradicted(_told(expected), "no value")
    return confirmed(_told(found)) if found == expected else contradicted(_told(expected), _told(found))


def wanted(look: OwnKeyLook) -> RegistryValue:
    """Return the value that is written."""
    data: int | str | tuple[str, ...] = look.data
    if look.filler:
        text = (FILLER * (look.filler // len(FILLER) + 1))[: look.filler]
        data = text if look.type is ValueType.SZ else tuple(text[start : start + 1000] for start in range(0, len(text), 1000))
    elif look.type is ValueType.MULTI_SZ:
        data = () if look.empty or not isinstance(look.data, tuple) else look.data
    return RegistryValue(TYPES[look.type], data)


def _told(value: RegistryValue) -> str:
    if isinstance(value.data, tuple):
        if not value.data:
            return "an empty list"
        length = sum(map(len, value.data))
        return f"a list of {counted(len(value.data), 'text')}" + (f", {length} characters" if length > 100 else f": {list(value.data)}")
    if isinstance(value.data, str) and len(value.data) > 60:
        return f"a text of {len(value.data)} characters"
    return f"the number {value.data}" if isinstance(value.data, int) else ascii(value.data)


def _code(number: int) -> str:
    return str(number) if number < 0x10000 else f"0x{number:X}"


def leave_nothing(writer: Writer) -> None:
    """Delete the key with all values, and read again that it is gone.

    Raises:
        DidNotHold: it is there, or nobody knows.
    """
    why = ""
    for _attempt in range(ATTEMPTS):
        try:
            writer.forget()
            for name in writer.value_types(KEY) or ():
                writer.delete_value(KEY, name)
            writer.delete_key(KEY)
            writer.forget()
            if writer.value_types(KEY) is None:
                return
            why = "the host still lists it"
        except HostError as error:
            why = str(error)
    raise DidNotHold(f"{HKLM}{KEY} may still be there ({why}): delete it with 'reg delete \"{HKLM}{KEY}\" /f' on the host")
