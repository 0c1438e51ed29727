# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions that only read: the listing with its owners, and the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import settle
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof, compare_with_keep, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Purpose, Record
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import read_firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Listing
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import strangers
from ansible_collections.netmin.windows.plugins.plugin_utils._run import columns
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import describe
from ansible_collections.netmin.windows.plugins.plugin_utils._run.controls import in_result
from ansible_collections.netmin.windows.plugins.plugin_utils._run.detail import Detail, listed, proof_told, snapshots_told
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keep import read_keep
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import CONNECTIONS, DETAIL, KEEP, KNOWLEDGE, MISSING
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import (
    boot_of,
    endpoint_of,
    fewer,
    plain,
    proof_of,
    snapshots_of,
    suspects_of,
    windows_of,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import explain, look_ahead, take_listing
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import rpc_restriction
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Missing
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.confirm import read_timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import read_snapshots

from .base import WindowsAction
from .confirm import timer_of

WORDS = {
    Verdict.PROVEN: "proven",
    Verdict.FAILED: "the proof failed",
    Verdict.NOT_PROVEN: "not proven",
    Verdict.NOT_SETTLED: "not settled",
}


def _about(record: Record | None) -> str:
    """Say what a proof is about: which run said what, or that none did."""
    if record is None:
        return "compared with 'keep'"
    if record.purpose is Purpose.RESTORE:
        return f"forecast of run {record.run}, which was a restore: ports that are open again are as forecast"
    return f"forecast of run {record.run}"


class ListenersAction(WindowsAction):
    """Lists endpoints and explains them."""

    argument_spec: ClassVar[Mapping[str, Any]] = {**CONNECTIONS, **DETAIL}

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Read the host and its endpoints."""
        session = self.open_session()
        look_ahead(session, KNOWLEDGE, (rpc_restriction.STAGE,), lambda known, first: take_listing(known, first, KNOWLEDGE))
        host = read_host(session, KNOWLEDGE)
        states = {rpc_restriction.NAME: rpc_restriction.read(session, host, KNOWLEDGE)}
        listing = take_listing(session, host, KNOWLEDGE)
        host, explained = explain(session, host, KNOWLEDGE, states, listing)
        remark = host.windows.remark
        rows = fewer(endpoint_of(subject, KNOWLEDGE) for subject in explained)
        listeners, suspected = listed(rows, Detail(options["detail"])), suspects_of(listing)
        return {
            "changed": False,
            "windows": windows_of(host),
            "boot": boot_of(host.boot),
            "listeners": listeners,
            "suspected": suspected,
            "lines": columns.listing(listeners, suspected),
            "controls": in_result((subject.recipe for subject in explained), host, KNOWLEDGE),
            "warnings": [*strangers(explained), *([remark] if remark else [])],
        }


class ProofAction(WindowsAction):
    """Holds the host's endpoints against the stored forecast."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "against": {"type": "str", "choices": ["forecast", "keep"], "default": "forecast"},
        "keep": KEEP,
        "missing": MISSING,
        "limit": {"type": "int", "default": 300},
        "interval": {"type": "int", "default": 15},
        "strict": {"type": "bool", "default": False},
        **CONNECTIONS,
        **DETAIL,
    }

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """List once the host has settled, and compare."""
        session = self.open_session()
        stored = read_record(session) if options["against"] == "forecast" else None
        look_ahead(session, KNOWLEDGE, (rpc_restriction.STAGE,))
        host = read_host(session, KNOWLEDGE)
        states = {rpc_restriction.NAME: rpc_restriction.read(session, host, KNOWLEDGE)}
        settling = self._listing(session, host, stored, options)
        warnings: list[str] = []
        if not settling.settled:
            verdict = {"verdict": Verdict.NOT_SETTLED, "reasons": [f"after {options['limit']} seconds: {settling.waiting_for}"]}
            proof = {**proof_of(Proof(Verdict.NOT_SETTLED, (), (), None)), **verdict}
        else:
            # Services have started while the host settled: their processes are known only now.
            host = read_host(session, KNOWLEDGE)
            host = replace(host, firewall=read_firewall(session, host, wanted=False))
            host, explained = explain(session, host, KNOWLEDGE, states, settling.listing)
            if stored is None:
                said = read_keep(options["keep"], host, KNOWLEDGE, explained, missing=Missing(options["missing"]))
                warnings = [f"{item.target} is skipped: {item.detail or item.reason}" for item in said.absent]
                proof = proof_of(compare_with_keep(explained, said.kept, host, settling.listing.suspects))
            else:
                proof = proof_of(prove(stored, explained, host, settling.listing.suspects))
        proof = proof_told(plain(proof), Detail(options["detail"]))
        result = self._result(proof, host, settling, stored, strict=options["strict"])
        return {**result, "warnings": warnings} if warnings else result

    def _listing(self, session: Reader, host: Host, stored: Record | None, options: Mapping[str, Any]) -> settle.Settling:
        """List at once where the host has been up, and after a boot once it has settled."""

        def take() -> Listing:
            return take_listing(session, host, KNOWLEDGE)

        limit, uptime = float(options["limit"]), host.boot.uptime
        booted = stored is not None and stored.boot != host.boot.mark
        fresh = uptime is None or uptime < max(limit, settle.DELAYED_WINDOW)
        # A forecast that was made in this boot was made when the host could be read: nothing is starting any more.
        if not booted and (stored is not None or not fresh):
            return settle.Settling(take(), True, "", uptime)
        seen = self.boot_seen.since(host.boot.mark, self.clock)
        self.waits.about(f"waits until its services have started after the boot, for up to {limit:g} s")
        return settle.settle(session, host, take, self.waits, limit=limit, interval=float(options["interval"]), seen=seen)

    def _result(
        self, proof: dict[str, Any], host: Host, settling: settle.Settling, stored: Record | None, *, strict: bool
    ) -> dict[str, Any]:
        verdict = proof["verdict"]
        result = {
            "changed": False,
            "proven": verdict == Verdict.PROVEN,
            "proof": proof,
            "forecast_run": stored.run if stored else None,
            "forecast_purpose": stored.purpose if stored else None,
            "msg": f"{self.host_name}: {WORDS[verdict]} ({_about(stored)})",
            "windows": windows_of(host),
            "boot": {**boot_of(host.boot), "uptime": settling.uptime},
            "suspected": suspects_of(settling.listing),
        }
        if verdict == Verdict.FAILED or (strict and verdict != Verdict.PROVEN):
            when = "" if settling.uptime is None else f" {settling.uptime:.0f} seconds after the boot"
            result |= {"failed": True, "msg": f"{self.host_name}: {WORDS[verdict]}{when} ({_about(stored)}): {'; '.join(proof['reasons'])}"}
        return result


class SnapshotsAction(WindowsAction):
    """Shows what runs have left on the host to be put back."""

    argument_spec: ClassVar[Mapping[str, Any]] = DETAIL

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Read the snapshots."""
        session = self.open_session()
        found = read_timer(session)
        warnings = [describe(found)] if found is not None else []
        snapshots = snapshots_told(snapshots_of(read_snapshots(session)), Detail(options["detail"]))
        return {"changed": False, "confirm": timer_of(found) if found else None, "snapshots": snapshots, "warnings": warnings}
