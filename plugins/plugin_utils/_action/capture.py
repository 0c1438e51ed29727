# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that writes a host into a file, and the one that makes such a file fit to be given away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.anonymize import anonymized
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import file_name, read_capture, write_capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture, Services
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.plain_values import endpoint_map
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.take import take
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.withheld import envelope
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.folder import INDEX, read_folder
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.host import CollectedHost
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused, UnusableCapture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import UNASKED
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import CONNECTIONS, KNOWLEDGE, RPC_ENDPOINTS
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import rpc_map_of, rpc_warnings
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.plugins.plugin_utils._session.wiretap import Wiretap

from .base import WindowsAction
from .baseline import path_of
from .mapper import mapper_of
from .opening import OpenReader, is_capture
from .screen import Screen

ROOT = Path(__file__).resolve().parents[3]
# A collection that is installed has the one, a checkout the other.
_RELEASES = (("MANIFEST.json", re.compile(r'"version":\s*"([^"]+)"')), ("galaxy.yml", re.compile(r"^version:\s*(\S+)", re.MULTILINE)))


def release() -> str:
    """Return this release of the collection; "" where nothing says it."""
    for name, pattern in _RELEASES:
        path = ROOT / name
        found = pattern.search(path.read_text(encoding="utf-8")) if path.is_file() else None
        if found is not None:
            return found[1]
    return ""


class CaptureAction(WindowsAction):
    """Reads everything that a plan could ask, and keeps it."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "dir": {"type": "path", "default": "captures"},
        "services": {"type": "str", "choices": [str(word) for word in Services], "default": str(Services.ALL)},
        "wire": {"type": "bool", "default": False},
        "from": {"type": "path"},
        "anonymize": {"type": "bool", "default": False},
        **RPC_ENDPOINTS,
        **CONNECTIONS,
    }
    _wanted_wire = False
    _tap: Wiretap | None = None

    def contradictions(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Return what is wrong with the options."""
        yield from super().contradictions(options)
        if options.get("anonymize") and not options.get("from"):
            yield "give 'from' with 'anonymize: true': a capture is anonymized in a second step, from its file"
        if options.get("from") and options.get("wire"):
            yield "a capture that is made from files has no recording: leave out 'wire'"
        if options.get("from") and options.get("rpc_endpoints"):
            yield "no host is asked with 'from': leave out 'rpc_endpoints'"

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Capture the host, or anonymize a file."""
        folder = path_of(self._loader, options["dir"])
        if options["from"]:
            source = path_of(self._loader, options["from"])
            return self._anonymize(source, folder) if options["anonymize"] else self._take_over(source, folder)
        if is_capture(self._connection):
            raise InvalidOption("this host is a capture already; to anonymize it, name its file in 'from'")
        path = folder / file_name(self.address)
        refuse_to_replace(path, self.host_name)
        self._wanted_wire = options["wire"]
        return self._capture(path, Services(options["services"]), mapped=options["rpc_endpoints"])

    def open_session(self) -> OpenReader:
        """Open a session that can only read, and keeps what goes over the wire where that is wanted."""
        if not self._wanted_wire:
            return super().open_session()
        self._tap = Wiretap(open_transport(self._connection), envelope)
        self._session = Session(self._tap, host=self.host_name, connections=1)
        return self._session

    def _capture(self, path: Path, services: Services, *, mapped: bool) -> dict[str, Any]:
        screen = Screen(hidden=bool(self._task.no_log))
        session = self.open_session()
        taken = take(
            session,
            KNOWLEDGE,
            inventory_name=self.host_name,
            now=datetime.now(tz=UTC),
            collection=release(),
            services=services,
            ask_mapper=mapper_of(self, session, wanted=mapped),
            progress=lambda what: screen.tell(f"{self.host_name}: {what}"),
        )
        # The shell and what is said at the end of a session are part of it.
        self._close()
        self._write(path, taken.capture, self._tap.exchanges() if self._tap is not None else ())
        remark = taken.host.windows.remark
        rpc_map = UNASKED if taken.capture.rpc_endpoints is None else endpoint_map(taken.capture.rpc_endpoints)
        warnings = [*([remark] if remark else []), *rpc_warnings(rpc_map)]
        result = shown(path, taken.capture, taken.of_services, refused=taken.refused) | rpc_map_of(rpc_map)
        return {**result, **({"warnings": warnings} if warnings else {})}

    def _take_over(self, source: Path, folder: Path) -> dict[str, Any]:
        """Make a capture of what `collect` has left in a folder."""
        if not source.is_dir():
            raise InvalidOption(
                f"'from' without 'anonymize: true' names the folder that 'collect' has filled, and {excerpt(source)} is not a folder; "
                "to anonymize a capture, set 'anonymize: true' as well"
            )
        path = folder / file_name(self.address)
        refuse_to_replace(path, self.host_name)
        taken = take(
            CollectedHost(read_folder(source), host=self.host_name),
            KNOWLEDGE,
            inventory_name=self.host_name,
            # It was collected when the script made its last entry, unless the clock of that host runs ahead.
            now=min(datetime.now(tz=UTC), datetime.fromtimestamp((source / INDEX).stat().st_mtime, tz=UTC)),
            collection=release(),
            from_files=True,
        )
        self._write(path, taken.capture, ())
        remark = taken.host.windows.remark
        result = shown(path, taken.capture, taken.of_services, refused=taken.refused)
        return {**result, **({"warnings": [remark]} if remark else {})}

    def _anonymize(self, source: Path, folder: Path) -> dict[str, Any]:
        made = anonymized(read_capture(source), KNOWLEDGE)
        path = folder / file_name(made.capture.inventory_name)
        refuse_to_replace(path, made.capture.inventory_name)
        self._write(path, made.capture, ())
        return shown(path, made.capture, 0, replaced=made.replaced)

    def _write(self, path: Path, capture: Capture, wire: Iterable[tuple[str, bytes]]) -> None:
        if not self._task.check_mode:
            write_capture(path, capture, wire)


def refuse_to_replace(path: Path, name: str) -> None:
    """Refuse to write over a file that is not a capture of the same host.

    Raises:
        Refused: there is one.
    """
    if not path.exists() and not path.is_symlink():
        return
    try:
        there = read_capture(path)
    except UnusableCapture as error:
        raise Refused(f"{excerpt(path)} is there and is not replaced, since it is not a capture that can be read: {error}") from error
    if there.inventory_name != name:
        raise Refused(
            f"{excerpt(path)} is a capture of '{excerpt(there.inventory_name)}' and is not replaced by one of '{excerpt(name)}': "
            "use a 'dir' of its own for hosts that share an address"
        )


def shown(
    path: Path, capture: Capture, of_services: int, *, refused: Iterable[str] = (), replaced: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return the result of a task."""
    windows = capture.windows
    return {
        "changed": True,
        "file": str(path),
        "inventory_name": capture.inventory_name,
        "captured_at": capture.captured_at,
        "anonymized": capture.anonymized,
        "windows": {"id": windows.id, "name": windows.name, "version": windows.version, "build": windows.build},
        "services": of_services,
        "refused": [excerpt(text) for text in refused],
        "replaced": dict(replaced or {}),
    }
