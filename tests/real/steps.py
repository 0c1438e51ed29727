# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is tried on a real Windows, step by step. Each step is told apart: one that fails ends no other."""

from __future__ import annotations

import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.module_utils.probe_ports import numbers_of
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import read_capture
from ansible_collections.netmin.windows.tests.benchmark.peers import COLLECTIONS, NotInstalled, Pair, compare
from ansible_collections.netmin.windows.tests.integration.harness import Played
from ansible_collections.netmin.windows.tests.witness import kept

from . import outside
from .report import Finding, Folder
from .target import BIN, ROOT, Target, environment, run

BAD = ("failed", "unreachable")
# A summary names the first of many ports.
WHOLE = ("-e", "audit_detail=full")
# Protocol, port (or that it is dynamic), owner: what is the same after each boot.
Listener = tuple[str, str, str]


class StepFailed(Exception):
    """A step could not be done."""


class StepSkipped(Exception):
    """A step cannot be done here."""


@dataclass(slots=True)
class Trial:
    """What the steps share.

    Attributes:
        expected: what this collection may call the Windows; empty where nobody said what it is.
        exclude: ports that are not the host's own, for nmap.
        sudo: nmap may become root for UDP.
        seen: results of earlier steps, by step.
    """

    target: Target
    folder: Folder
    expected: tuple[str, ...] = ()
    exclude: str = ""
    sudo: bool = False
    seen: dict[str, Any] = field(default_factory=dict)

    def play(self, found: Finding, playbook: str, *arguments: str, minutes: int = 60) -> Played:
        """Run a playbook and keep what it said.

        Raises:
            StepFailed: a task failed.
        """
        played = self.target.playbook(playbook, *arguments, minutes=minutes)
        self._keep(found, played)
        bad = next((outcome for outcome in played.outcomes if outcome.status in BAD), None)
        if bad is not None:
            raise StepFailed(f"task '{bad.task}' {bad.status}: {bad.message or bad.result}")
        if played.returncode:
            last = [line for line in played.output.splitlines() if line.strip()][-1:]
            raise StepFailed(f"ansible-playbook ended with {played.returncode}: {' '.join(last)}")
        return played

    def _keep(self, found: Finding, played: Played) -> None:
        found.files.append(self.folder.write(f"steps/{found.step}.log", played.output))
        results = [{"task": one.task, "status": one.status, "result": one.result} for one in played.outcomes]
        found.files.append(self.folder.write_json(f"steps/{found.step}.json", results))

    def need(self, step: str) -> Any:
        """Return the result of an earlier step.

        Raises:
            StepSkipped: there is none.
        """
        if step not in self.seen:
            raise StepSkipped(f"the step '{step}' brought nothing to compare with")
        return self.seen[step]


Do = Callable[[Trial, Finding], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is tried.

    Attributes:
        changes: it changes the host, and is done only where a person said that it may be broken.
    """

    name: str
    do: Do
    changes: bool = False


def result_with(played: Played, *names: str) -> Mapping[str, Any]:
    """Return the first result that has all of some parts.

    Raises:
        StepFailed: no task returned them.
    """
    found = next((outcome.result for outcome in played.outcomes if all(name in outcome.result for name in names)), None)
    if found is None:
        raise StepFailed(f"no task returned {' and '.join(names)}")
    return found


# Steps that only read


def audit(trial: Trial, found: Finding) -> None:
    """List every listener, and say whether the Windows was known and every listener explained."""
    result = result_with(trial.play(found, "netmin.windows.audit", *WHOLE), "listeners", "windows")
    trial.seen.setdefault("audit", result)
    trial.seen["last audit"] = result
    windows, listeners = result["windows"], result["listeners"]
    trial.seen["windows"] = windows
    if trial.expected:
        found.check(
            windows["id"] in trial.expected,
            f"it is {windows['name']} (build {windows['build']})",
            f"it should be {' or '.join(trial.expected)}, and it is taken for {windows['id']} (build {windows['build']})",
        )
    if windows.get("remark"):
        found.confirmed.append(f"with a remark: {windows['remark']}")
    found.check(bool(listeners), f"{len(listeners)} listeners were listed", "nothing was listed, and WinRM answers")
    strange = [shown(row) for row in listeners if not row.get("recipe")]
    found.check(not strange, "a recipe explains every listener", f"no recipe explains {', '.join(strange)}")


def shown(row: Mapping[str, Any]) -> str:
    """Return a listener as a person reads it."""
    return f"{row['protocol']}/{row['ports'] or row['port']} ({row['owner']})"


def capture(trial: Trial, found: Finding) -> None:
    """Capture the host with its wire, load it again, and make the copy that can be given away."""
    folder = trial.folder.path / "capture"
    played = trial.play(found, "netmin.windows.capture", "-e", f"capture_dir={folder}", "-e", "capture_wire=true")
    result = result_with(played, "file")
    path = Path(result["file"])
    found.files.append(str(path.relative_to(trial.folder.path)))
    trial.seen["capture"] = path
    for refused in result.get("refused", ()):
        found.confirmed.append(f"the host refused, and the capture says so: {refused}")
    planned = trial.target.playbook(
        "netmin.windows.minimize",
        "--check",
        "-e",
        "ansible_connection=netmin.windows.capture",
        "-e",
        f"netmin_windows_capture_dir={folder}",
    )
    found.check(planned.returncode == 0, "a plan can be made on the capture", f"no plan can be made on the capture: {_why(planned)}")
    given = trial.folder.path / "give_away"
    options = {"from": str(path), "anonymize": True, "dir": str(given)}
    anonymized = trial.target.tasks([{"name": "Anonymize", "netmin.windows.capture": options}])
    made = [outcome for outcome in anonymized.outcomes if outcome.status == "ok" and "file" in outcome.result]
    if not made:
        # A name that is also a word of Windows is refused, for example.
        raise StepFailed(f"it cannot be anonymized: {_why(anonymized)}")
    found.confirmed.append("it can be anonymized")
    found.files.append(str(Path(made[0].result["file"]).relative_to(trial.folder.path)))


def _why(played: Played) -> str:
    bad = next((outcome for outcome in played.outcomes if outcome.status in BAD), None)
    return bad.message if bad is not None else " ".join(played.output.split())[-300:]


def plan(trial: Trial, found: Finding) -> None:
    """Plan in check mode, twice: a plan that changes between two looks is no plan."""
    first = result_with(trial.play(found, "netmin.windows.minimize", "--check", "--diff"), "changes", "forecast")
    again = result_with(trial.target.playbook("netmin.windows.minimize", "--check"), "changes", "forecast")
    found.confirmed.append(f"{len(first['changes'])} changes are planned, {len(first['residue'])} listeners are to stay")
    same = _changes(first) == _changes(again)
    found.check(same, "a second plan is the same plan", "a second plan, with nothing changed in between, is another plan")


def _changes(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((change["stage"], change["target"], str(change["after"])) for change in result["changes"])


def twin(trial: Trial, found: Finding) -> None:
    """Make a simulated host of the capture, and do to it what is to be done to the real one."""
    path = Path(trial.need("capture"))
    try:
        went = kept.twin_of(path, read_capture(path))
    except kept.Unlike as error:
        found.contradicted.append(str(error))
        return
    found.files.append(trial.folder.write_json("steps/twin.json", went))
    found.confirmed.append(f"its twin was closed and restarted: {went['proof']}")
    found.check(went["rolled_back"], "and went back", "its twin did not go back to what it was")
    trial.seen["twin"] = went


def nmap_before(trial: Trial, found: Finding) -> None:
    """Scan from outside: whatever is open there must be listed."""
    listed = ports(trial.need("audit"))
    scan = _scan(trial, found, "nmap_before")
    trial.seen["nmap_before"] = scan
    for protocol, seen in (("tcp", scan.open_tcp), ("udp", scan.open_udp)):
        unlisted = sorted(port for port in seen if (protocol, port) not in listed)
        found.check(
            not unlisted,
            f"every {protocol} port that is open from outside is listed ({len(seen)})",
            f"open from outside and not listed: {', '.join(f'{protocol}/{port}' for port in unlisted)}",
        )


def _scan(trial: Trial, found: Finding, name: str) -> outside.Scan:
    udp = {port for protocol, port in ports(trial.seen.get("audit", {})) if protocol == "udp"}
    try:
        scan = outside.scan(trial.target.address, udp, exclude=trial.exclude, sudo=trial.sudo)
    except outside.NoScan as error:
        raise StepSkipped(str(error)) from error
    found.files.append(trial.folder.write(f"steps/{name}.xml", scan.xml))
    if scan.without:
        found.confirmed.append(scan.without)
    return scan


def ports(result: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return every port of a listing, those of groups included."""
    found = set()
    for row in result.get("listeners", ()):
        found |= {(row["protocol"], number) for number in numbers_of(row)}
    return found


def bench(trial: Trial, found: Finding) -> None:
    """Do the same work with ansible.windows, side by side, and compare what both list."""
    try:
        pairs = compare(trial.target.tasks)
    except NotInstalled as error:
        raise StepSkipped(
            f"{error}. Install it beside the checkout: ansible-galaxy collection install -p {ROOT / '.cache'} {' '.join(COLLECTIONS)}"
        ) from error
    found.files.append(trial.folder.write_json("steps/bench.json", [pair.plain() for pair in pairs]))
    for pair in pairs:
        _tell(pair, found)


def _tell(pair: Pair, found: Finding) -> None:
    if pair.theirs is None or pair.ours is None:
        found.failed = "; ".join(filter(None, (found.failed, f"{pair.name}: {pair.problem}")))
        return
    found.confirmed.append(f"{pair.name}: {pair.ours:.1f} s with netmin.windows, {pair.theirs:.1f} s with ansible.windows")
    for line in pair.contradicted:
        found.contradicted.append(f"{pair.name}: {line}")


# The doctor


def doctor(level: str) -> Do:
    """Return the step that lets the doctor look at one level."""

    def look(trial: Trial, found: Finding) -> None:
        kept_in = trial.folder.path / "doctor" / f"{level}.json"
        arguments = ["-e", f"doctor_level={level}", "-e", f"doctor_file={kept_in}"]
        if level == "method":
            arguments += ["-e", "doctor_i_may_break_it=true"]
        played = trial.play(found, "netmin.windows.doctor", *arguments, minutes=180)
        if kept_in.is_file():
            found.files.append(str(kept_in.relative_to(trial.folder.path)))
        told = list(assumptions(outcome.result for outcome in played.outcomes))
        if not told:
            raise StepFailed("the doctor returned no assumption")
        count = Counter(str(row["verdict"]).replace("_", " ") for row in told)
        found.confirmed.append("of all assumptions " + ", ".join(f"{number} {verdict}" for verdict, number in sorted(count.items())))
        for row in told:
            if row["verdict"] == "contradicted":
                found.contradicted.append(f"{row['id']}: {row['assumed']}; expected {row['expected']}, seen {row['seen']}")

    return look


def assumptions(results: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Yield each assumption that the doctor tells, whatever holds the list."""
    for result in results:
        rows = result.get("assumptions")
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, Mapping) and "verdict" in row and "id" in row:
                yield row


# Steps that change the host


def minimize(trial: Trial, found: Finding) -> None:
    """Close, restart and prove."""
    played = trial.play(found, "netmin.windows.minimize", "-e", "minimize_reboot=true", minutes=120)
    trial.seen["minimize"] = result_with(played, "changes", "forecast")
    proof = result_with(played, "proven", "proof")
    _tell_proof(proof, found)
    trial.seen["proof"] = proof
    if "twin" in trial.seen:
        stays = sorted(kept.listener(row) for row in proof["proof"]["endpoints"] if row["outcome"] not in ("closed", "kept"))
        otherwise = kept.differences(trial.seen["twin"]["stays"], stays)
        found.check(not otherwise, "what stays open is what stayed open on its twin", f"unlike on its twin: {'; '.join(otherwise)}")


def _tell_proof(result: Mapping[str, Any], found: Finding) -> None:
    proof = result["proof"]
    found.check(bool(result["proven"]), f"the forecast was proven: {proof['verdict']}", f"the proof says {proof['verdict']}")
    for row in proof["endpoints"]:
        if not row.get("holds", True):
            found.contradicted.append(f"{shown(row)}: {row.get('outcome')}, {row.get('why')}")


def nmap_after(trial: Trial, found: Finding) -> None:
    """Scan once more: whatever the proof calls closed must be closed from outside as well."""
    proof = trial.need("proof")["proof"]
    scan = _scan(trial, found, "nmap_after")
    seen = {("tcp", port) for port in scan.open_tcp} | {("udp", port) for port in scan.open_udp}
    closed = {(row["protocol"], row["port"]) for row in proof["endpoints"] if row.get("outcome") == "closed" and not row.get("dynamic")}
    still = sorted(closed & seen)
    found.check(
        not still,
        f"none of the {len(closed)} fixed ports that were proven closed is open from outside",
        f"proven closed, and open from outside: {', '.join(f'{protocol}/{port}' for protocol, port in still)}",
    )
    before = trial.seen.get("nmap_before")
    if before is not None:
        found.confirmed.append(f"tcp ports open from outside: {len(before.open_tcp)} before, {len(scan.open_tcp)} after")


def rollback(trial: Trial, found: Finding) -> None:
    """Restore, restart, and compare the listeners with those of the beginning."""
    played = trial.play(found, "netmin.windows.rollback", "-e", "rollback_reboot=true", minutes=120)
    restored = result_with(played, "changes")
    found.confirmed.append(f"{len(restored['changes'])} things were restored")
    before = trial.need("audit")
    listed = trial.target.playbook("netmin.windows.audit", *WHOLE)
    after = result_with(listed, "listeners", "windows")
    found.files.append(trial.folder.write_json("steps/after_rollback.json", after))
    gone, new = _kinds(before) - _kinds(after), _kinds(after) - _kinds(before)
    found.check(
        not (gone or new),
        "the listeners are those of the beginning",
        f"after the rollback missing: {_list(gone)}; new: {_list(new)}",
    )


def _kinds(result: Mapping[str, Any]) -> set[Listener]:
    """Return the listeners without what is another at each boot: processes, and the numbers of dynamic ports."""
    return {
        (row["protocol"], "dynamic" if row["dynamic"] else str(row["ports"] or row["port"]), _owner(row)) for row in result["listeners"]
    }


def _owner(row: Mapping[str, Any]) -> str:
    return str(row["owner"]).partition(" in pid ")[0]


def _list(rows: Iterable[Listener]) -> str:
    return ", ".join(f"{protocol}/{port} ({owner})" for protocol, port, owner in sorted(rows)) or "nothing"


def molecule(trial: Trial, found: Finding) -> None:
    """Run the molecule scenario for real hosts: it closes, restarts, closes again without a change, and proves."""
    if shutil.which("molecule", path=str(BIN)) is None:
        raise StepSkipped("molecule is not installed beside this Python")
    status, said = run(
        [str(BIN / "molecule"), "test", "--scenario-name", "windows_vm"],
        minutes=180,
        env=environment(NETMIN_WINDOWS_INVENTORY=str(trial.target.inventory)),
    )
    found.files.append(trial.folder.write("steps/molecule.log", said))
    found.check(status == 0, "windows_vm passes", f"windows_vm ended with {status}: {' '.join(said.split())[-300:]}")


STEPS = (
    Step("audit", audit),
    Step("nmap_before", nmap_before),
    Step("capture", capture),
    Step("twin", twin),
    Step("plan", plan),
    Step("bench", bench),
    Step("doctor_read", doctor("read")),
    Step("doctor_own_key", doctor("own_key"), changes=True),
    Step("doctor_method", doctor("method"), changes=True),
    Step("minimize", minimize, changes=True),
    Step("nmap_after", nmap_after, changes=True),
    Step("rollback", rollback, changes=True),
    Step("molecule", molecule, changes=True),
    # The scenario leaves the host minimized.
    Step("rollback_again", rollback, changes=True),
)


def do(step: Step, trial: Trial, *, may_change: bool) -> Finding:
    """Do one step and return what came of it, whatever happens."""
    found = Finding(step.name)
    if step.changes and not may_change:
        found.skipped = "it changes the host, and BREAK=yes was not given"
        return found
    begun = time.monotonic()
    try:
        step.do(trial, found)
    except StepSkipped as reason:
        found.skipped = str(reason)
    except StepFailed as reason:
        found.failed = str(reason)
    except Exception as error:
        # A mistake of ours in one step must not hide what the others find.
        found.failed = f"{type(error).__name__}: {error}"
        found.files.append(trial.folder.write(f"steps/{step.name}.traceback", traceback.format_exc()))
    found.seconds = time.monotonic() - begun
    return found
