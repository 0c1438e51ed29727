# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that writes a plan as scripts, for a host that no controller reaches. Nothing is changed on any host."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle import files, manifest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.reg import Exports
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.script import Target
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import file_name
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.interfaces import read_interfaces
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotCaptured, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.identity import HostIdentity, marked, read_identity
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import AT_THE_CONSOLE
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE, minimize_spec
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import windows_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.rpc_restriction import interface_indexes

from .base import new_run_id, told_of
from .baseline import path_of
from .capture import ROOT
from .mapper import mapper_of
from .opening import Captured
from .planned import MinimizeAction

COLLECT = ROOT / "playbooks" / "files" / "collect"
MINIMIZE = "netmin.windows.minimize"
RULES = "a rule of close.cmd drops what comes in for it, which a proof sees on collected files alone"
# What setup writes to Control\ProductOptions (KB152078).
PRODUCTS = {ProductType.WORKSTATION: "WinNT", ProductType.DOMAIN_CONTROLLER: "LanmanNT", ProductType.SERVER: "ServerNT"}


class BundleAction(MinimizeAction):
    """Plans as `minimize` does in check mode, and writes the plan as files."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "dir": {"type": "path", "default": "bundles"},
        "collected": {"type": "path"},
        "management": {"type": "str", "choices": ["captured", "console"], "default": "captured"},
        "minimize": {"type": "dict", "default": {}},
    }

    def completed(self, options: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Take the options of `minimize`, each as that module would."""
        return super().completed(self._merged(options), task_vars)

    def _merged(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with those of `minimize` beside them.

        Raises:
            InvalidOption: that module has no such option.
        """
        if "minimize" not in options:
            return dict(options)
        given, spec = options["minimize"], minimize_spec()
        validated = ArgumentSpecValidator(spec).validate(given)
        wrong = told_of(validated, spec, given, MINIMIZE)
        if wrong:
            raise InvalidOption("\n".join(f"'minimize': {text}" for text in wrong))
        own = {name: options[name] for name in ("dir", "collected", "management")}
        return {**validated.validated_parameters, **own}

    def contradictions(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Check the options of `minimize` as that module does; where they could not be taken, that was said."""
        return super().contradictions(options) if "stages" in options else ()

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Plan, and write the files."""
        options = self._merged(options)
        folder = path_of(self._loader, options["dir"]) / file_name(self.host_name).removesuffix(".zip")
        if folder.exists() or folder.is_symlink():
            raise Refused(
                f"{excerpt(folder)} is there and is not replaced, since a proof needs the manifest in it: "
                "move it away, or give another 'dir'"
            )
        session = self.open_session()
        console = options["management"] == "console"
        if console:
            _refuse_to_lose(session)
        ask_mapper = mapper_of(self, session, wanted=options["rpc_endpoints"])
        run = Run(KNOWLEDGE, self.waits, new_run_id(), ask_mapper=ask_mapper, path=AT_THE_CONSOLE if console else None)
        prepared = self.prepare(run, session, options)
        host = prepared.survey.host
        identity = self._identity(session)
        collected = path_of(self._loader, options["collected"]) if options["collected"] else None
        interfaces = _interfaces(options["rpc_restriction"], collected) if host.windows.nt == NtVersion(5, 0) else []
        result = result_of(run, prepared, None, planned=True)
        captured = getattr(getattr(session, "capture", None), "captured_at", "")
        bundle = files.made(
            self._target(run.run_id, host, identity),
            prepared.plan,
            run.snapshot_of(prepared, session).saved,
            Record.of(run.run_id, marked(host.boot.mark, identity), after_restart(prepared.forecast, shown=console), prepared.opens),
            collect=(COLLECT / files.collector(host.windows.nt)).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
            exports=Exports(collected),
            captured_at=str(captured),
            left=[f"{row['target']}: {row['reason']}{': ' * bool(row['detail'])}{row['detail']}" for row in result["unchanged"]],
            warnings=result["warnings"],
            interfaces=interfaces,
        )
        if not self._task.check_mode:
            _write(folder, bundle.files)
        return {
            "changed": True,
            "dir": str(folder),
            "run": run.run_id,
            "manifest": str(folder / manifest.NAME),
            "files": [
                {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in sorted(bundle.files.items())
            ],
            "steps": [excerpt(step.target) for step in bundle.steps],
            "summary": result["summary"],
            "windows": windows_of(host),
            "warnings": [*result["warnings"], *self._unproven(prepared, identity)],
        }

    def _identity(self, session: Reader) -> HostIdentity:
        try:
            return read_identity(session)
        except NotCaptured as error:
            raise Refused(
                "the capture is of an earlier release and does not tell the name of the computer: capture the host again"
            ) from error

    def _target(self, run: str, host: Host, identity: HostIdentity) -> Target:
        if not identity.computer:
            raise Refused("the host does not tell its own name, and a script could not tell that it is on the right one")
        windows = host.windows
        return Target(self.host_name, identity.computer, windows.name, windows.nt, windows.build, PRODUCTS[windows.product], run)

    def _unproven(self, prepared: Prepared, identity: HostIdentity) -> list[str]:
        """Warn where nothing will tell whether the host was restarted."""
        if marked(prepared.survey.host.boot.mark, identity):
            return []
        return ["the host does not show when it was last shut down: a proof will not be able to say that it was restarted"]


def _interfaces(restriction: Mapping[str, Any] | None, collected: Path | None) -> list[str]:
    """Return the numbers that interfaces have, where RPC is bound to some and the files of the host tell them.

    Raises:
        InvalidOption: `rpccfg -l` was run on the host, and does not list an index that is asked for.
    """
    words = (restriction or {}).get("interfaces")
    if not words or collected is None:
        return []
    known, indexes = read_interfaces(collected), interface_indexes(words)
    missing = known.missing(indexes)
    if missing:
        raise InvalidOption(f"'interfaces': rpccfg -l on the host does not list {', '.join(missing)}; it lists {known.shown}")
    return known.lines if indexes else []


def _refuse_to_lose(session: Reader) -> None:
    """Refuse to take a host for one that nobody manages over the network, where somebody did.

    Raises:
        InvalidOption: the host was read over the network, now or when it was captured.
    """
    if not (isinstance(session, Captured) and session.capture.from_files):
        raise InvalidOption(
            "'management: console' is for a host of which files were carried to the controller; this one was read over the network, "
            "and a rule could cut that way to it. Leave the option out"
        )


def after_restart(entries: Iterable[Forecast], *, shown: bool) -> tuple[Forecast, ...]:
    """Return what a proof can hold a forecast to that scripts carried out.

    It says nothing of the time before the restart: no tool of the console makes an adapter read its option anew.

    Args:
        shown: the proof will be on files, which show the rules of a script. Of a host that is asked over the network only a controller
            writes down which rules are ours; there it is said of what a rule drops that the socket stays.
    """
    return tuple(_after_restart(entry, shown=shown) for entry in entries)


def _after_restart(entry: Forecast, *, shown: bool) -> Forecast:
    if entry.outlook is Outlook.CLOSES_NOW:
        return replace(entry, now=Expectation.UNKNOWN, outlook=Outlook.CLOSES_AT_BOOT)
    if entry.outlook is Outlook.FILTERED and not shown:
        return replace(entry, outlook=Outlook.STAYS, why=f"{entry.why}; {RULES}")
    return entry


def _write(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write the files whole or not at all.

    Raises:
        InvalidOption: they cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            for name, data in content.items():
                (made / name).write_bytes(data)
            made.chmod(0o755)
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise InvalidOption(f"{excerpt(folder)} cannot be written: {error.strerror or error}") from error
