# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`reg add` and `reg query` (in the box from Windows XP on), for HKEY_LOCAL_MACHINE."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryData, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host import controls
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.controls import Written
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.machine import Host

TYPES = {f"REG_{kind.name}": kind for kind in RegistryType}
SEPARATOR = r"\0"
"""What `reg add` separates the entries of a REG_MULTI_SZ with, unless told otherwise (Microsoft, "reg add")."""

Output = tuple[str, str, int]
FAILED = 1


def reg(host: Host, words: list[str]) -> Output:
    """Run `reg add KEY /v NAME /t TYPE /d DATA /f` or `reg query KEY [/v NAME]`."""
    if len(words) < 2:
        return _error("Invalid syntax.")
    path = _path(words[1])
    options = _options(words[2:])
    if path is None or options is None:
        return _error("Invalid syntax.")
    if words[0].lower() == "add":
        return _add(host, path, options)
    if words[0].lower() == "query":
        return _query(host, path, options)
    return _error("Invalid syntax.")


def _add(host: Host, path: str, options: dict[str, str]) -> Output:
    kind = TYPES.get(options.get("/t", "REG_SZ").upper())
    data = None if kind is None else _data(kind, options.get("/d", ""))
    if kind is None or data is None:
        return _error("Invalid syntax.")
    if controls.create_key(host, path) is not Written.DONE:
        return _error("Access is denied.")
    written = Written.DONE
    if "/v" in options or "/ve" in options:
        written = controls.set_value(host, path, options.get("/v", ""), RegistryValue(kind, data), through_provider=False)
    if written is not Written.DONE:
        return _error("Access is denied.")
    return "\r\nThe operation completed successfully\r\n", "", 0


def _query(host: Host, path: str, options: dict[str, str]) -> Output:
    values = host.registry.values(path)
    wanted = options.get("/v")
    if values is None or (wanted is not None and host.registry.value(path, wanted) is None):
        return _error("The system was unable to find the specified registry key or value")
    lines = [f"{path.replace('HKLM', 'HKEY_LOCAL_MACHINE', 1)}"]
    for name, value in values.items():
        if wanted is None or name.lower() == wanted.lower():
            lines.append(f"    {name or '<NO NAME>'}\tREG_{value.type.name}\t{_shown(value)}")
    return "\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n", "", 0


def _path(text: str) -> str | None:
    hive, separator, rest = text.partition("\\")
    return rf"HKLM\{rest}" if hive.upper() in ("HKLM", "HKEY_LOCAL_MACHINE") and separator and rest else None


def _options(words: list[str]) -> dict[str, str] | None:
    """Return switches with their words; None where one is unknown or lacks its word."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        switch = rest.pop(0).lower()
        if switch in ("/f", "/ve"):
            found[switch] = ""
        elif switch in ("/v", "/t", "/d") and rest:
            found[switch] = rest.pop(0)
        else:
            return None
    return found


def _data(kind: RegistryType, text: str) -> RegistryData | None:
    """Read what `/d` says; an empty text is an empty REG_MULTI_SZ (from memory)."""
    if kind is RegistryType.MULTI_SZ:
        return tuple(text.split(SEPARATOR)) if text else ()
    if kind is RegistryType.BINARY:
        return bytes.fromhex(text) if len(text) % 2 == 0 and all(digit in "0123456789abcdefABCDEF" for digit in text) else None
    if kind in (RegistryType.DWORD, RegistryType.QWORD):
        digits = text.lower().removeprefix("0x")
        base = 16 if text.lower().startswith("0x") else 10
        return int(digits, base) if digits and all(digit in "0123456789abcdef"[:base] for digit in digits) else None
    return text


def _shown(value: RegistryValue) -> str:
    if isinstance(value.data, tuple):
        return SEPARATOR.join(value.data)
    return value.data.hex().upper() if isinstance(value.data, bytes) else hex(value.data) if isinstance(value.data, int) else value.data


def _error(text: str) -> Output:
    return "", f"\r\nError:  {text}\r\n", FAILED
