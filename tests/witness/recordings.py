#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make captures of what others recorded from real hosts, as far as the recordings go.

  .venv/bin/python tests/witness/recordings.py FOLDER

The recordings lie beside the checkout and are read there. They are not ours: neither they nor what is made of them is in the repository.
What a recording does not hold is not in the capture, so that a read of it is an error that names it. Nothing is filled in:

- a SYSTEM hive says how services are configured, not what runs, so it has no rows of Win32_Service;
- keys have the values that were recorded and no list of names, since more may have been there;
- a list that breaks off after a page is kept as the rows with these names;
- where the time of a recording is not known it is 1970, so that every result says how old it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import write_capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import (
    SCHEMA_VERSION,
    Capture,
    Cell,
    Command,
    Condition,
    Key,
    Moment,
    Query,
    Said,
    Services,
    StoredValue,
    ValueKind,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.plain_values import cell_of
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.recorder import KEPT
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CIMV2
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import RULES
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import SERVICE_PROPERTIES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import messages
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.decode import decode
from ansible_collections.netmin.windows.tests.beside import CAPTURES

UNKNOWN_TIME = "1970-01-01T00:00:00+00:00"
NOT_RECORDED = 0
CONTROL_SET = "SYSTEM\\CurrentControlSet\\"
RULE_KEYS = {"in_use": RULES}
# Values of a service's key, of which the recording has the data as they are; `image` and `svchost` were cut out of ImagePath.
OF_A_SERVICE: Mapping[str, ValueKind] = {
    "Start": ValueKind.DWORD,
    "Type": ValueKind.DWORD,
    "DelayedAutoStart": ValueKind.DWORD,
    "DelayedAutostart": ValueKind.DWORD,
    "LaunchProtected": ValueKind.DWORD,
    "ServiceSidType": ValueKind.DWORD,
    "SvcHostSplitDisable": ValueKind.DWORD,
    "UserServiceFlags": ValueKind.DWORD,
    "DependOnService": ValueKind.MULTI_SZ,
    "DependOnGroup": ValueKind.MULTI_SZ,
    "Group": ValueKind.SZ,
    "ObjectName": ValueKind.SZ,
}


@dataclass(frozen=True, slots=True)
class Recording:
    """What somebody recorded of one host.

    Attributes:
        windows: as this collection calls it.
        version: of the kernel.
        build: 0 where it was not recorded.
        product_type: 0 where it was not recorded.
        files: below the folder of recordings.
        made: turns their paths into what was answered.
    """

    name: str
    windows: str
    version: str
    build: int
    product_type: int
    files: tuple[str, ...]
    made: Callable[[Sequence[Path]], Moment]


# Registry


def hive(paths: Sequence[Path]) -> Moment:
    """Return what a condensed SYSTEM hive holds."""
    (path,) = paths
    recorded: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Moment(keys=tuple(sorted(_keys(recorded), key=lambda key: key.key.lower())))


def _keys(recorded: Mapping[str, Any]) -> Iterator[Key]:
    found: dict[str, dict[str, StoredValue]] = {}
    for service, values in recorded["services"].items():
        for name, data in values.items():
            if name in OF_A_SERVICE:
                found.setdefault(rf"{CONTROL_SET}Services\{service}", {})[name] = stored(OF_A_SERVICE[name], data)
    for key, values in recorded["values"].items():
        for name, (kind, data) in values.items():
            found.setdefault(f"{CONTROL_SET}{key}", {})[name] = stored(ValueKind(kind), data)
    for which, key in RULE_KEYS.items():
        for name, rule in (recorded["firewall_rules"] or {}).get(which, {}).items():
            found.setdefault(key, {})[name] = stored(ValueKind.SZ, rule)
    for service in recorded["triggers"] or {}:
        # The names of the keys below were not recorded.
        found.setdefault(rf"{CONTROL_SET}Services\{service}\TriggerInfo", {})
    for key, known in found.items():
        yield Key(key=key, there=True, values=known)


def stored(kind: ValueKind, data: Any) -> StoredValue:
    """Return a recorded value as a capture keeps it."""
    if kind is ValueKind.MULTI_SZ:
        return StoredValue(type=kind, data=tuple(map(str, data)))
    return StoredValue(type=kind, data=data if kind in (ValueKind.DWORD, ValueKind.QWORD) else str(data))


# Answers over WS-Management


def rows_of(path: Path) -> tuple[Row, ...]:
    """Return the rows of a recorded page."""
    # Comments were put in by those who published the answer.
    data = re.sub(rb"<!--.*?-->", b"", path.read_bytes(), flags=re.DOTALL)
    relation = fromstring(data).findtext(".//{http://schemas.xmlsoap.org/ws/2004/08/addressing}RelatesTo", "").strip()
    first = b"EnumerateResponse" in data
    request = messages.Enumerate(resource="any") if first else messages.Pull(resource="any", context="any")
    page = decode(data, request, message_id=relation, host=path.name)
    if isinstance(page, messages.SoapFault):
        raise ValueError(f"{path.name} is a fault, not a page of rows")
    return page.rows


def whole_class(wmi_class: str, path: Path) -> Query:
    """Return a list that was recorded to its end."""
    return Query(wmi_class=wmi_class, namespace=CIMV2, properties=KEPT[wmi_class], whole=True, rows=_cells(rows_of(path), KEPT[wmi_class]))


def _cells(rows: Sequence[Row], properties: Sequence[str]) -> tuple[Mapping[str, Cell], ...]:
    columns = Names(properties)
    return tuple(
        {name: cell for name, value in row.values.items() if name in columns and (cell := cell_of(name, value)) is not None} for row in rows
    )


def server_2003(paths: Sequence[Path]) -> Moment:
    """Return two classes, each to its end."""
    system, adapters = paths
    return Moment(queries=(whole_class("Win32_OperatingSystem", system), whole_class("Win32_NetworkAdapterConfiguration", adapters)))


def server_2012(paths: Sequence[Path]) -> Moment:
    """Return one class."""
    (system,) = paths
    return Moment(queries=(whole_class("Win32_OperatingSystem", system),))


def server_2008_r2(paths: Sequence[Path]) -> Moment:
    """Return the first services of a list that was broken off: as the answer to a question for these names."""
    rows = tuple(row for path in paths for row in rows_of(path))
    names = tuple(name for row in rows if (name := row.text("Name")))
    where = Condition(property="Name", values=names)
    query = Query(
        wmi_class="Win32_Service", namespace=CIMV2, properties=SERVICE_PROPERTIES, where=where, rows=_cells(rows, SERVICE_PROPERTIES)
    )
    return Moment(queries=(query,))


# The output of netstat


def netstat(*arguments: str) -> Callable[[Sequence[Path]], Moment]:
    """Return what turns a recorded output into that of a command."""

    def made(paths: Sequence[Path]) -> Moment:
        (path,) = paths
        return Moment(commands=(Command(arguments=("netstat", *arguments), stdout=path.read_bytes().decode("ascii")),))

    return made


WORKSTATION, SERVER = 1, 3
RECORDINGS = (
    Recording("hive of Windows XP SP3", "windows_xp", "5.1", 2600, WORKSTATION, ("registry/windows_xp_sp3.yml",), hive),
    Recording("hive of Windows 7 SP1", "windows_7", "6.1", 7601, WORKSTATION, ("registry/windows_7_sp1.yml",), hive),
    Recording("hive of Windows 8.1", "windows_8_1", "6.3", 9600, WORKSTATION, ("registry/windows_8_1.yml",), hive),
    Recording("hive of Windows 10 1709", "windows_10", "10.0", 16299, WORKSTATION, ("registry/windows_10_1709.yml",), hive),
    Recording(
        "answers of Server 2003",
        "windows_server_2003",
        "5.2",
        3790,
        SERVER,
        (
            "wsman/txwinrm--server_2003__Win32_OperatingSystem_star_000.xml",
            "wsman/txwinrm--server_2003__Win32_NetworkAdapterConfiguration_star_000.xml",
        ),
        server_2003,
    ),
    Recording(
        "answers of Server 2008 R2",
        "windows_server_2008_r2",
        "6.1",
        NOT_RECORDED,
        SERVER,
        ("wsman/txwinrm--server_2008__Win32_Service_star_000.xml", "wsman/txwinrm--server_2008__Win32_Service_star_001.xml"),
        server_2008_r2,
    ),
    Recording(
        "answers of Server 2012",
        "windows_server_2012",
        "6.2",
        9200,
        SERVER,
        ("wsman/txwinrm--server_2012__Win32_OperatingSystem_all_000.xml",),
        server_2012,
    ),
    Recording(
        "netstat of Windows 2000",
        "windows_2000",
        "5.0",
        2195,
        NOT_RECORDED,
        ("netstat/win2000_netstat-an_nmap-smb-psexec.txt",),
        netstat("-an"),
    ),
    # Recorded with -aon: the order of options makes no difference.
    Recording(
        "netstat of Windows 10", "windows_10", "10.0", NOT_RECORDED, WORKSTATION, ("netstat/jc_win10_netstat-aon.out",), netstat("-ano")
    ),
)


def capture_of(recording: Recording, paths: Sequence[Path]) -> Capture:
    """Return a capture with what was recorded, and nothing else."""
    moment = recording.made(paths)
    return Capture(
        schema_version=SCHEMA_VERSION,
        inventory_name=recording.name,
        captured_at=UNKNOWN_TIME,
        collection="a recording",
        windows=Said(
            id=recording.windows,
            name=load().versions[recording.windows].name,
            version=recording.version,
            build=recording.build,
            product_type=recording.product_type,
        ),
        services=Services.KNOWN,
        moments=(moment,),
    )


def main(arguments: Sequence[str]) -> int:
    """Write a capture of each recording into a folder."""
    if len(arguments) != 1:
        sys.stderr.write("name a folder outside the checkout: what is made there is not ours to publish\n")
        return 2
    for recording in RECORDINGS:
        paths = [CAPTURES.path / name for name in recording.files]
        missing = next((path for path in paths if not path.exists()), None)
        if missing is not None:
            sys.stderr.write(f"{recording.name}: nothing is at {missing}\n")
            continue
        target = Path(arguments[0]) / f"{recording.name}.zip"
        write_capture(target, capture_of(recording, paths))
        sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
