# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions that only read: the listing with its owners, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle import manifest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import UNASKED
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import settle
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof, compare, compare_with_keep, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Purpose, Record
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import read_firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.identity import marked, read_identity
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Listing, Suspect
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained, strangers
from ansible_collections.netmin.windows.plugins.plugin_utils._run import columns
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import describe
from ansible_collections.netmin.windows.plugins.plugin_utils._run.controls import in_result
from ansible_collections.netmin.windows.plugins.plugin_utils._run.detail import Detail, listed, proof_told, snapshots_told
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keep import read_keep
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import (
    BASELINE,
    CONNECTIONS,
    DETAIL,
    KEEP,
    KNOWLEDGE,
    MISSING,
    RPC_ENDPOINTS,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import (
    boot_of,
    endpoint_of,
    fewer,
    index_of,
    plain,
    proof_of,
    rpc_map_of,
    rpc_warnings,
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
from .baseline import allowed_on, in_place_of_keep, path_of
from .confirm import timer_of
from .mapper import mapper_of

WORDS = {
    Verdict.PROVEN: "proven",
    Verdict.FAILED: "the proof failed",
    Verdict.NOT_PROVEN: "not proven",
    Verdict.NOT_SETTLED: "not settled",
}


def _about(record: Record | None, baseline: str = "") -> str:
    """Say what a proof is about: which run said what, or that none did."""
    if record is None:
        return f"compared with the baseline {excerpt(baseline)}" if baseline else "compared with 'keep'"
    if record.purpose is Purpose.RESTORE:
        return f"forecast of run {record.run}, which was a restore: ports that are open again are as forecast"
    return f"forecast of run {record.run}"


def compare_with_baseline(seen: Sequence[Explained], allowed: Allowed, host: Host, suspects: Sequence[Suspect]) -> Proof:
    """Judge a listing by what a baseline allows today."""
    with_what = f"the baseline {excerpt(allowed.file)}"
    lacks = "not allowed by the baseline"
    return compare(seen, lambda subject: allowed.reason(subject, KNOWLEDGE), host, suspects, with_what=with_what, lacks=lacks)


class ListenersAction(WindowsAction):
    """Lists endpoints and explains them."""

    argument_spec: ClassVar[Mapping[str, Any]] = {"facts": {"type": "bool", "default": False}, **RPC_ENDPOINTS, **CONNECTIONS, **DETAIL}

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Read the host and its endpoints; a plan needs adapters and dependencies, and this makes none."""
        session = self.open_session()

        def listed_ahead(known: Reader, first: Host) -> Listing:
            return take_listing(known, first, KNOWLEDGE)

        look_ahead(session, KNOWLEDGE, (rpc_restriction.STAGE,), listed_ahead, planning=False)
        host = read_host(session, KNOWLEDGE, planning=False)
        states = {rpc_restriction.NAME: rpc_restriction.read(session, host, KNOWLEDGE)}
        listing = take_listing(session, host, KNOWLEDGE)
        ask_mapper = mapper_of(self, session, wanted=bool(options.get("rpc_endpoints")))
        rpc_map = UNASKED if ask_mapper is None else ask_mapper()
        host, explained = explain(session, host, KNOWLEDGE, states, listing, rpc_map)
        remark = host.windows.remark
        rows = fewer(endpoint_of(subject, KNOWLEDGE, rpc_map) for subject in explained)
        listeners, suspected = listed(rows, Detail(options["detail"])), suspects_of(listing)
        index = index_of(rows)
        return {
            "changed": False,
            "windows": windows_of(host),
            "boot": boot_of(host.boot),
            "listeners": listeners,
            "suspected": suspected,
            **index,
            **({"ansible_facts": {"netmin_listeners": index}} if options.get("facts") else {}),
            "lines": columns.listing(listeners, suspected),
            "controls": in_result((subject.recipe for subject in explained), host, KNOWLEDGE),
            **rpc_map_of(rpc_map),
            "warnings": [*strangers(explained), *([remark] if remark else []), *rpc_warnings(rpc_map)],
        }


def _both(session: Reader, take: Callable[[], Listing]) -> settle.Settling:
    """Compare the two listings that somebody took at the console: nothing there tells how long a host has been up."""
    first = take()
    session.forget()
    second = take()
    same = {(row.protocol, row.address, row.port) for row in first.endpoints} == {
        (row.protocol, row.address, row.port) for row in second.endpoints
    }
    waits = "" if same else "the two listings that were collected differ: collect again when the host has been up for some minutes"
    return settle.Settling(second, same, waits, None)


class ProofAction(WindowsAction):
    """Holds the host's endpoints against the stored forecast."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "against": {"type": "str", "choices": ["forecast", "keep"], "default": "forecast"},
        "manifest": {"type": "path"},
        "keep": KEEP,
        **BASELINE,
        "missing": MISSING,
        "limit": {"type": "int", "default": 300},
        "interval": {"type": "int", "default": 15},
        "strict": {"type": "bool", "default": False},
        **RPC_ENDPOINTS,
        **CONNECTIONS,
        **DETAIL,
    }

    _allowed: Allowed | None = None
    _remarks: Sequence[str] = ()

    def contradictions(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Return what is wrong with the options."""
        yield from super().contradictions(options)
        if options.get("manifest") and options.get("against") == "keep":
            yield "'manifest' has a forecast, and 'against: keep' uses none: leave one of the two out"

    def completed(self, options: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Read the baseline."""
        if options.get("baseline"):
            in_place_of_keep(options)
            self._allowed, remarks = allowed_on(self._loader, options["baseline"], self.host_name, task_vars)
            self._remarks = (*remarks, *self._allowed.warnings())
        return options

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """List once the host has settled, and compare."""
        session = self.open_session()
        stored = self._stored(session, options)
        look_ahead(session, KNOWLEDGE, (rpc_restriction.STAGE,))
        host = read_host(session, KNOWLEDGE)
        states = {rpc_restriction.NAME: rpc_restriction.read(session, host, KNOWLEDGE)}
        settling = self._listing(session, host, stored, options)
        warnings = list(self._remarks)
        if not settling.settled:
            verdict = {"verdict": Verdict.NOT_SETTLED, "reasons": [f"after {options['limit']} seconds: {settling.waiting_for}"]}
            proof = {**proof_of(Proof(Verdict.NOT_SETTLED, (), (), None)), **verdict}
        else:
            # Services have started while the host settled: their processes are known only now.
            host = read_host(session, KNOWLEDGE)
            host = replace(host, firewall=read_firewall(session, host, wanted=False))
            ask_mapper = mapper_of(self, session, wanted=bool(options.get("rpc_endpoints")))
            rpc_map = UNASKED if ask_mapper is None else ask_mapper()
            warnings += rpc_warnings(rpc_map)
            host, explained = explain(session, host, KNOWLEDGE, states, settling.listing, rpc_map)
            if stored is None and self._allowed is not None:
                proof = proof_of(compare_with_baseline(explained, self._allowed, host, settling.listing.suspects))
            elif stored is None:
                said = read_keep(options["keep"], host, KNOWLEDGE, explained, missing=Missing(options["missing"]))
                warnings += [f"{item.target} is skipped: {item.detail or item.reason}" for item in said.absent]
                proof = proof_of(compare_with_keep(explained, said.kept, host, settling.listing.suspects))
            else:
                # A bundle's forecast is of a host that shows no process at its console.
                mark = marked(host.boot.mark, read_identity(session)) if options.get("manifest") else None
                proof = proof_of(prove(stored, explained, host, settling.listing.suspects, mark=mark))
        proof = proof_told(plain(proof), Detail(options["detail"]))
        result = self._result(proof, host, settling, stored, strict=options["strict"])
        return {**result, "warnings": warnings} if warnings else result

    def _stored(self, session: Reader, options: Mapping[str, Any]) -> Record | None:
        """Return the forecast that is on the host, or that of a bundle, of which nothing is on it."""
        if options.get("manifest"):
            return manifest.read(path_of(self._loader, options["manifest"]), self.host_name).record
        return read_record(session) if options["against"] == "forecast" else None

    def _listing(self, session: Reader, host: Host, stored: Record | None, options: Mapping[str, Any]) -> settle.Settling:
        """List at once where the host has been up, and after a boot once it has settled."""

        def take() -> Listing:
            return take_listing(session, host, KNOWLEDGE)

        if options.get("manifest") and host.boot.now is None:
            return _both(session, take)
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
        verdict, about = proof["verdict"], _about(stored, self._allowed.file if self._allowed is not None else "")
        result = {
            "changed": False,
            "proven": verdict == Verdict.PROVEN,
            "proof": proof,
            "forecast_run": stored.run if stored else None,
            "forecast_purpose": stored.purpose if stored else None,
            "msg": f"{self.host_name}: {WORDS[verdict]} ({about})",
            "windows": windows_of(host),
            "boot": {**boot_of(host.boot), "uptime": settling.uptime},
            "suspected": suspects_of(settling.listing),
        }
        if verdict == Verdict.FAILED or (strict and verdict != Verdict.PROVEN):
            when = "" if settling.uptime is None else f" {settling.uptime:.0f} seconds after the boot"
            result |= {"failed": True, "msg": f"{self.host_name}: {WORDS[verdict]}{when} ({about}): {'; '.join(proof['reasons'])}"}
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
