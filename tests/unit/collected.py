# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder as `collect` leaves it, written from a simulated host by code of its own, in the forms that files of real hosts have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .simulated import Simulated, scenario

ROOT = "HKEY_LOCAL_MACHINE\\"
CONTROL = r"SYSTEM\CurrentControlSet\Control"
KEYS = {
    "product.reg": rf"{CONTROL}\ProductOptions",
    "codepage.reg": rf"{CONTROL}\Nls\CodePage",
    "language.reg": rf"{CONTROL}\Nls\Language",
    "services.reg": r"SYSTEM\CurrentControlSet\Services",
    "adapters.reg": rf"{CONTROL}\Class\{{4D36E972-E325-11CE-BFC1-08002BE10318}}",
    "computer.reg": rf"{CONTROL}\ComputerName",
    "windows.reg": rf"{CONTROL}\Windows",
    "session.reg": rf"{CONTROL}\Session Manager",
    "ole.reg": r"SOFTWARE\Microsoft\Ole",
    "rpc.reg": r"SOFTWARE\Microsoft\Rpc",
    "policies.reg": r"SOFTWARE\Policies\Microsoft",
    "history.reg": r"SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\History",
    "netmin.reg": r"SOFTWARE\netmin.windows",
}
LATER = {
    "lsa.reg": rf"{CONTROL}\Lsa",
    "schedule.reg": r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule",
    "pending.reg": r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    "mdm.reg": r"SOFTWARE\Microsoft\PolicyManager\current\device",
}
STATES = {"running": (4, "RUNNING"), "stopped": (1, "STOPPED")}


def fill(folder: Path, host: Simulated, *, version: str | None = None) -> Path:
    """Write what `collect` would have left of a host."""
    windows = scenario(host.session.host).host.windows
    page = windows.language.code_page
    state: Any = host.computer.state()
    lines = ["netmin.windows collect 1", rf"systemroot {windows.directory}"]
    folder.mkdir(exist_ok=True)
    for name, key in KEYS.items():
        lines.append(f"key {name} {ROOT}{key}")
        content = export(state["registry"], key)
        if content is not None:
            (folder / name).write_bytes(content)
    (folder / "ver.txt").write_bytes(f"\r\nMicrosoft Windows [Version {version or windows.version}]\r\n".encode(page))
    (folder / "chcp.txt").write_bytes(f"Active code page: {page.removeprefix('cp')}\r\n".encode())
    rows = host.session.query("Win32_Service", ("Name", "DisplayName", "State"))
    running = sorted(row.text("DisplayName") or "" for row in rows if row.text("State") == "Running")
    shown = ["These Windows services are started:", "", *(f"   {name}" for name in running), "", "The command completed successfully.", ""]
    (folder / "net-start.txt").write_bytes("\r\n".join(shown).encode(page, errors="replace"))
    arguments = ("netstat", "-ano") if windows.netstat_pids else ("netstat", "-an")
    for name in ("netstat.txt", "netstat2.txt"):
        (folder / name).write_bytes(host.session.command(*arguments).stdout.encode(page, errors="replace"))
    if windows.kernel >= (6, 0):
        lines.append(f"values control.txt {ROOT}{CONTROL}")
        (folder / "control.txt").write_bytes(f"\r\n{ROOT}{CONTROL}\r\n    CurrentUser    REG_SZ    USERNAME\r\n\r\n".encode())
        for name, key in LATER.items():
            lines.append(f"key {name} {ROOT}{key}")
            content = export(state["registry"], key)
            if content is not None:
                (folder / name).write_bytes(content)
    if windows.netstat_pids:
        for kind, wmi_class in (("service", "Win32_Service"), ("driver", "Win32_SystemDriver")):
            lines.append(f"services sc-{kind}.txt")
            (folder / f"sc-{kind}.txt").write_bytes(_services(host, wmi_class).encode(page, errors="replace"))
        processes = host.session.query("Win32_Process", ("ProcessId", "Name"))
        tasks = [f'"{row.text("Name")}","{row.text("ProcessId")}","N/A"' for row in processes]
        (folder / "tasklist.csv").write_bytes("\r\n".join([*tasks, ""]).encode(page))
    (folder / "collect.txt").write_bytes("\r\n".join([*lines, "done", ""]).encode())
    return folder


def export(registry: Mapping[str, Mapping[str, Any]], key: str) -> bytes | None:
    """Write a key and all below it as `regedit /e` does; None where it is not there."""
    top = f"HKLM\\{key}".lower()
    lines = ["Windows Registry Editor Version 5.00", ""]
    found = [name for name in registry if name.lower() == top or name.lower().startswith(f"{top}\\")]
    for name in found:
        lines.append(f"[{ROOT}{name.partition(chr(92))[2]}]")
        lines += [_value(value, cell) for value, cell in registry[name].items()]
        lines.append("")
    return b"\xff\xfe" + "\r\n".join([*lines, ""]).encode("utf-16-le") if found else None


def _value(name: str, cell: Mapping[str, Any]) -> str:
    kind, data = cell["type"], cell["value"]
    label = f'"{_escaped(name)}"=' if name else "@="
    if kind == "REG_SZ":
        return f'{label}"{_escaped(data)}"'
    if kind == "REG_DWORD":
        return f"{label}dword:{data:08x}"
    if kind == "REG_BINARY":
        return _wrapped(f"{label}hex:", bytes.fromhex(data) if isinstance(data, str) else bytes(data))
    if kind == "REG_QWORD":
        return _wrapped(f"{label}hex(b):", data.to_bytes(8, "little"))
    texts = "".join(f"{text}\0" for text in data) + "\0" if kind == "REG_MULTI_SZ" else f"{data}\0"
    return _wrapped(f"{label}hex({7 if kind == 'REG_MULTI_SZ' else 2}):", texts.encode("utf-16-le"))


def _wrapped(head: str, content: bytes) -> str:
    """Break a line of bytes where it reaches 80 characters."""
    lines, line = [], head
    digits = [f"{byte:02x}" for byte in content]
    for place, pair in enumerate(digits):
        line += pair + ("," if place + 1 < len(digits) else "")
        if len(line) > 76 and place + 1 < len(digits):
            lines.append(f"{line}\\")
            line = "  "
    return "\r\n".join([*lines, line])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _services(host: Simulated, wmi_class: str) -> str:
    names = ["Name", "DisplayName", "State", "ServiceType", "AcceptStop", "ExitCode"]
    names += ["ProcessId"] if wmi_class == "Win32_Service" else []
    blocks = []
    for row in host.session.query(wmi_class, names):
        number, word = STATES[(row.text("State") or "").lower()]
        kind = {"Share Process": "20  WIN32_SHARE_PROCESS", "Own Process": "10  WIN32_OWN_PROCESS"}.get(row.text("ServiceType") or "")
        flags = "STOPPABLE" if row.flag("AcceptStop") else "NOT_STOPPABLE"
        code = row.number("ExitCode") or 0
        blocks += [
            "",
            f"SERVICE_NAME: {row.text('Name')}",
            f"DISPLAY_NAME: {row.text('DisplayName')}",
            f"        TYPE               : {kind or '1  KERNEL_DRIVER'}  ",
            f"        STATE              : {number}  {word} ",
            *([f"                                ({flags}, NOT_PAUSABLE, IGNORES_SHUTDOWN)"] if number == 4 else []),
            f"        WIN32_EXIT_CODE    : {code}  (0x{code:x})",
            "        SERVICE_EXIT_CODE  : 0  (0x0)",
            "        CHECKPOINT         : 0x0",
            "        WAIT_HINT          : 0x0",
            f"        PID                : {row.text('ProcessId') if wmi_class == 'Win32_Service' else 0}",
            "        FLAGS              : ",
        ]
    return "\r\n".join([*blocks, ""])
