# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that writes a baseline from audits, on the controller. It opens no session."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.file import load_baseline
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.write import UNASSIGNED, Audited, Draft, draft, first_text, proposal
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE

from .base import WindowsAction
from .baseline import groups_of, path_of, today

READABLE = 0o644


class BaselineAction(WindowsAction):
    """Writes a first baseline, or a proposal and a diff beside the one that is there."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "dest": {"type": "path", "default": "baseline.yml"},
        "owner": {"type": "str", "default": UNASSIGNED},
    }
    touches_host = False
    variables: Mapping[str, Any] = {}

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the task with the variables of all hosts at hand."""
        self.variables = task_vars or {}
        return super().run(tmp, task_vars)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Compare what the audits found with the file that is there, and write what is new."""
        audits, missing = self._audits(options["hosts"])
        if not audits:
            raise InvalidOption(f"none of {len(options['hosts'])} hosts has a result of an audit: run the role netmin.windows.audit before")
        groups = self.variables.get("groups") or {}
        members = {str(name): tuple(map(str, hosts)) for name, hosts in groups.items()}
        dest = path_of(self._loader, options["dest"])
        result = self._first(dest, draft(audits, members, KNOWLEDGE, owner=options["owner"])) if not dest.exists() else {}
        result = result or self._proposed(dest, audits, members, options)
        gone = f"of {', '.join(missing)} there is no audit, so the baseline says nothing of them" if missing else ""
        return {**result, "dest": str(dest), "warnings": [gone] if gone else []}

    def _audits(self, hosts: list[str]) -> tuple[list[Audited], list[str]]:
        hostvars = self.variables.get("hostvars") or {}
        found: list[Audited] = []
        missing: list[str] = []
        for name in hosts:
            variables = hostvars.get(name) or {}
            result = variables.get("audit_result")
            by_port = result.get("by_port") if isinstance(result, Mapping) else None
            if by_port is None:
                missing.append(name)
            else:
                found.append(Audited(name, groups_of(variables), by_port))
        return found, missing

    def _first(self, dest: Path, made: Draft) -> dict[str, Any]:
        content = first_text(made)
        self._write(dest, content)
        return _told("baseline", None, "", content, made, dest)

    def _proposed(
        self, dest: Path, audits: list[Audited], members: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        there = load_baseline(dest, options["dest"], KNOWLEDGE)
        made = draft(audits, members, KNOWLEDGE, owner=options["owner"], there=there, today=today())
        before = dest.read_text(encoding="utf-8-sig")
        if not made.added and not made.unused:
            return {"changed": False, "wrote": "nothing", "proposal": None, "diff_file": None, "added": 0, "unused": 0, "content": before}
        content = proposal(before, there, made, KNOWLEDGE)
        beside = dest.with_name(f"{dest.stem}.proposed{dest.suffix}")
        changes = difflib.unified_diff(before.splitlines(), content.splitlines(), dest.name, beside.name, lineterm="")
        changed = not beside.exists() or beside.read_text(encoding="utf-8") != content
        if changed:
            self._write(beside, content)
            self._write(dest.with_name(f"{dest.name}.diff"), "\n".join(changes) + "\n")
        return {**_told("proposal", beside, before, content, made, dest), "changed": changed}

    def _write(self, path: Path, content: str) -> None:
        """Write a file whole or not at all.

        Raises:
            InvalidOption: it cannot be written.
        """
        if self._task.check_mode:
            return
        try:
            _replace(path, content)
        except OSError as error:
            raise InvalidOption(f"'{path}' cannot be written: {error.strerror or error}") from error


def _replace(path: Path, content: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).chmod(READABLE)
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _told(wrote: str, beside: Path | None, before: str, content: str, made: Draft, dest: Path) -> dict[str, Any]:
    return {
        "changed": True,
        "wrote": wrote,
        "proposal": str(beside) if beside else None,
        "diff_file": f"{dest}.diff" if beside else None,
        "added": sum(map(len, made.added.values())),
        "unused": len(made.unused),
        "content": content,
        "diff": [{"before_header": str(dest), "after_header": str(beside or dest), "before": before, "after": content}],
    }
