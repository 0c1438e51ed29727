# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that writes reports. It opens no session with a Windows host.

It writes where the task runs: on the controller, unless the task goes to a host that Ansible reaches by other means than those of
Windows. There Ansible's own copy carries the files: what is written into an execution environment is gone with it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._report import document, files, latest
from ansible_collections.netmin.windows.plugins.plugin_utils._report.doctor import contradicted_in
from ansible_collections.netmin.windows.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.netmin.windows.plugins.plugin_utils._report.known import recipes_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.report import Report, Since, compared, in_order, tidied, unproven
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import Fleet, HostView
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE

from .base import WindowsAction

MODE = "0600"
MODES = range(0o1000)
# Whoever is reached by one of these is no place for a file of ours.
NO_PLACE = ("winrm", "psrp", "netmin.windows.capture")
HERE = (*NO_PLACE, "local")


class NotWritten(NetminError):
    """A report could not be written."""


class ReportAction(WindowsAction):
    """Gathers results, and writes them as somebody reads them."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "default": []},
        "files": {"type": "list", "elements": "path", "default": []},
        "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": ["html"]},
        "dest": {"type": "path", "required": True},
        "mode": {"type": "str", "default": MODE},
        "title": {"type": "str", "default": "Listening ports"},
        "since": {"type": "path"},
    }
    touches_host = False
    hostvars: Mapping[str, Any] = {}
    task_vars: Mapping[str, Any] = {}

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the task with the variables of all hosts at hand."""
        self.task_vars = task_vars or {}
        self.hostvars = self.task_vars.get("hostvars") or {}
        return super().run(tmp, task_vars)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Gather, render, write."""
        mode = _mode(options["mode"])
        formats = list(dict.fromkeys(options["formats"]))
        if not formats:
            raise InvalidOption("'formats' names no format")
        if not options["hosts"] and not options["files"]:
            raise InvalidOption("there is nothing to report: give 'hosts' (whose results are in this play), 'files', or both")
        report = self._report(options)
        if not report.fleet.hosts:
            raise InvalidOption("; ".join(("no result of this collection was found", *report.notes[:10])))
        contents = {name: FORMATS[name].render(report).encode() for name in formats}
        written = self._write(options["dest"], contents, mode)
        return {
            "changed": any(row["changed"] for row in written),
            "files": written,
            "hosts": len(report.fleet.hosts),
            "verdicts": report.verdicts(),
            "states": {str(state): count for state, count in report.states().items()},
            "findings": len(report.findings),
            "differences": None if report.since is None else len(report.since.differences),
            "notes": list(report.notes),
        }

    def _report(self, options: Mapping[str, Any]) -> Report:
        found = files.read_all(self._path(name) for name in options["files"])
        known: dict[str, latest.Pieces] = {}
        played = (latest.of_variables(name, self._variables(name), check_mode=bool(self._task.check_mode)) for name in options["hosts"])
        for pieces in (*found.hosts, *played):
            known[pieces.host] = known[pieces.host].and_of(pieces) if pieces.host in known else pieces
        notes = list(found.notes)
        views = in_order(_views(known.values(), notes))
        recipes = recipes_of(KNOWLEDGE, views)
        made = max((host.taken for host in views), default="") or datetime.now(tz=UTC).isoformat(timespec="seconds")
        since = None
        if options["since"]:
            before, hosts = document.read_hosts(self._path(options["since"]))
            since = Since(before, compared(hosts, views))
        contradicted = (finding for pieces in known.values() for finding in contradicted_in(pieces.host, pieces.doctor))
        findings = (*(finding for pieces in known.values() for finding in pieces.findings), *unproven(views), *contradicted)
        title = str(tidied(options["title"]))
        return Report(title, Fleet(made, views, recipes), tidied(findings), since, tidied(tuple(notes)))

    def _variables(self, name: str) -> Mapping[str, Any]:
        found = self.hostvars.get(name)
        return found if isinstance(found, Mapping) else {}

    @staticmethod
    def _path(name: str) -> Path:
        # Not at the playbook: that of this collection lies where collections are installed.
        return Path.cwd() / name

    # Writing

    def _write(self, dest: str, contents: Mapping[str, bytes], mode: int) -> list[dict[str, Any]]:
        transport = str(getattr(self._connection, "transport", "") or getattr(self._connection, "ansible_name", ""))
        transport = transport.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
        if self._task.delegate_to and transport in NO_PLACE:
            raise InvalidOption(
                f"a report cannot be written to {self.host_name}: delegate the task to localhost or to a host without Windows"
            )
        if transport in HERE:
            return self._write_here(dest, contents, mode)
        return self._write_there(dest, contents, mode)

    def _write_here(self, dest: str, contents: Mapping[str, bytes], mode: int) -> list[dict[str, Any]]:
        place = self._path(dest)
        folder = len(contents) > 1 or dest.endswith("/") or place.is_dir()
        if folder and place.exists() and not place.is_dir():
            raise InvalidOption(f"{excerpt(place)} is a file, and {len(contents)} formats need a folder")
        paths = {name: place / FORMATS[name].file if folder else place for name in contents}
        rows = []
        for name, path in paths.items():
            rows.append({"format": name, "path": str(path), "bytes": len(contents[name]), "changed": _differs(path, contents[name], mode)})
        if not self._task.check_mode:
            wanted = [(path, contents[name]) for (name, path), row in zip(paths.items(), rows, strict=True) if row["changed"]]
            try:
                write_whole(wanted, mode)
            except OSError as error:
                raise NotWritten(f"the report cannot be written to {excerpt(place)}: {error.strerror or error}") from error
        return rows

    def _write_there(self, dest: str, contents: Mapping[str, bytes], mode: int) -> list[dict[str, Any]]:
        """Let Ansible copy the files: it moves each into place as a whole (atomic_move)."""
        rows = []
        folder = len(contents) > 1 or dest.endswith("/")
        if folder:
            made = {"path": dest, "state": "directory"}
            copied_to(dest, self._execute_module(module_name="ansible.builtin.file", module_args=made, task_vars=dict(self.task_vars)))
        with tempfile.TemporaryDirectory(prefix="netmin-report-") as place:
            for name, content in contents.items():
                path = str(PurePosixPath(dest) / FORMATS[name].file) if folder else dest
                source = Path(place) / FORMATS[name].file
                source.write_bytes(content)
                done = self._copied({"src": str(source), "dest": path, "mode": f"{mode:04o}"})
                changed = bool(done.get("changed"))
                rows.append({"format": name, "path": str(done.get("dest") or path), "bytes": len(content), "changed": changed})
        return rows

    def _copied(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run Ansible's own copy over the connection of this task, with its become and check mode."""
        task = self._task.copy()
        task.action, task.args = "ansible.builtin.copy", dict(arguments)
        action = self._shared_loader_obj.action_loader.get(
            task.action,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return copied_to(arguments["dest"], action.run(task_vars=dict(self.task_vars)))


def copied_to(place: object, done: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a module of Ansible has done.

    Raises:
        NotWritten: it failed.
    """
    if done.get("failed") or done.get("unreachable"):
        raise NotWritten(f"the report cannot be written to {place}: {done.get('msg', '')}")
    return done


def _mode(text: str) -> int:
    """Read a mode as Ansible's file modules take it, by its octal number."""
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if mode not in MODES:
        raise InvalidOption(f"'mode' is an octal number in quotes, for example '0640'; it is {excerpt(text)}")
    return mode


def _views(known: Iterable[latest.Pieces], notes: list[str]) -> list[HostView]:
    found = []
    for pieces in known:
        try:
            view = latest.seen(pieces)
        except (AttributeError, IndexError, KeyError, LookupError, TypeError, ValueError) as error:
            notes.append(f"{excerpt(pieces.host)} was passed over: its results are not as this collection writes them ({excerpt(error)})")
            continue
        found.append(tidied(view))
    return found


def _differs(path: Path, content: bytes, mode: int) -> bool:
    """Tell whether a file is other than it is to be."""
    try:
        return path.is_symlink() or path.stat().st_mode & 0o777 != mode or path.read_bytes() != content
    except OSError:
        return True


def write_whole(contents: Sequence[tuple[Path, bytes]], mode: int) -> None:
    """Write all files, or none: each is on the disk under another name before the first takes its place.

    Raises:
        OSError: they are as they were.
    """
    fresh: list[tuple[Path, Path]] = []
    try:
        for path, content in contents:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=".netmin-report-", dir=path.parent)
            fresh.append((Path(name), path))
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            if path.is_dir():
                raise IsADirectoryError(f"{path} is a folder")
        for new, path in fresh:
            new.replace(path)
    finally:
        for new, _path in fresh:
            new.unlink(missing_ok=True)
