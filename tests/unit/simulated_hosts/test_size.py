# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Size does not matter: hosts with thousands of sockets and rules, and hundreds of services and adapters, go all the way and back.

Each takes and sends half as much in one envelope as its Windows does when it ships: what is longer is refused there, so that whatever works
needs no more than half.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import listeners_info, proof_info, snapshot_info
from ansible_collections.netmin.windows.plugins.action import minimize as minimize_plugin
from ansible_collections.netmin.windows.plugins.action import restore as restore_plugin
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Verdict
from ansible_collections.netmin.windows.tests.unit.actions import Acted, act
from ansible_collections.netmin.windows.tests.unit.examples import MANY, examples
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, scenario, simulated
from hypothesis import given
from hypothesis import strategies as st

from winsim.endpoint import Protocol
from winsim.host.firewall import LOCAL_RULES
from winsim.host.model import AdapterSpec, MachineSpec, ProcessSpec, ServiceSpec, SocketSpec, StartMode
from winsim.registry_value import RegistryValue

# What a task may return at most, as JSON.
MOST = 200_000
# Each adapter's option is a change of its own, with its status, what it was, and its line in the snapshot and in the diff: some 1.2 kB.
MOST_WITH_ADAPTERS = 350_000
# MS-WSMV 2.2.4.10 <8>: 150 kB up to Windows 7 and Server 2008 R2, 500 kB later.
ENVELOPE, ENVELOPE_LATER, LATER = 150, 500, (6, 2)
# One of each kind of WinRM and of listing.
SCENARIOS = ("windows_xp", "windows_7", "windows_server_2008_r2", "windows_server_2012_r2", "windows_server_2016_dns_server", "windows_11")
FIRST = 10_000


@dataclass(frozen=True)
class Crowd:
    """How much there is of what.

    Attributes:
        sockets: of one service, at one protocol.
        between: each of them takes a random port at each start, as a name server's do; else they have ports of their own.
    """

    sockets: int
    protocol: Protocol
    between: bool
    rules: int
    services: int
    adapters: int


def crowded(host: MachineSpec, crowd: Crowd) -> MachineSpec:
    """Return a host with all of that."""
    owner = ServiceSpec(
        "CrowdSvc", "Crowd", StartMode.AUTO, "crowd", r"C:\Crowd\crowd.exe", depends=("RpcSs",), description="opens many sockets"
    )
    sockets = tuple(
        SocketSpec("CrowdSvc", crowd.protocol, *((0,) if crowd.between else (FIRST + n,)), between=(10000, 64000) if crowd.between else ())
        for n in range(crowd.sockets)
    )
    services = tuple(
        ServiceSpec(f"Crowd{n:03d}", f"Crowd {n}", StartMode.AUTO if n % 3 else StartMode.MANUAL, f"crowd{n}", rf"C:\Crowd\{n}.exe")
        for n in range(crowd.services)
    )
    processes = tuple(ProcessSpec(s.process, f"{s.process}.exe", s.image) for s in (owner, *services))
    adapters = tuple(
        AdapterSpec(
            f"Tunnel {n}",
            f"{{0D0D0D0D-0000-4000-8000-{n:012X}}}",
            index=1000 + n,
            address=f"10.77.{n // 250}.{n % 250 + 1}" if n % 4 == 0 else None,
            mac=f"02:00:00:00:{n // 256:02X}:{n % 256:02X}",
            netbios=0 if n % 4 == 0 else None,
            driver="crowd",
        )
        for n in range(crowd.adapters)
    )
    registry = {key: dict(values) for key, values in host.registry.items()}
    if crowd.rules and host.windows.kernel >= (6, 0):
        text = "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort={}|App=C:\\Crowd\\{}.exe|Name=Crowd rule {}|Desc=Lets its crowd in|"
        made = {f"{{0C0C0C0C-0000-4000-8000-{n:012X}}}": RegistryValue.text(text.format(20000 + n, n, n)) for n in range(crowd.rules)}
        registry[LOCAL_RULES] = {**registry.get(LOCAL_RULES, {}), **made}
    limit = ENVELOPE_LATER if host.windows.kernel >= LATER else ENVELOPE
    return replace(
        host,
        services=(*host.services, owner, *services),
        sockets=(*host.sockets, *sockets),
        processes=(*host.processes, *processes),
        adapters=(*host.adapters, *adapters),
        registry=registry,
        quotas=replace(host.quotas, max_envelope_kb=limit // 2),
    )


def expect_small(done: Acted, what: str, *, most: int = MOST) -> dict[str, Any]:
    """Expect that a task worked and returned little."""
    assert done.error is None, f"{what}: {done.error}"
    assert not done.result.get("failed"), f"{what}: {done.result.get('msg')}"
    size = len(json.dumps(done.result))
    assert size < most, f"{what} returned {size} bytes"
    return done.result


def all_the_way(host: Simulated, options: dict[str, Any], *, most: int) -> None:
    """List, plan, close, prove, and put back."""
    host.boot()
    expect_small(act(listeners_info.ActionModule, host), "listeners_info")
    expect_small(act(minimize_plugin.ActionModule, host, **options), "minimize", most=most)
    host.boot()
    proof = expect_small(act(proof_info.ActionModule, host), "proof_info")["proof"]
    assert proof["verdict"] == Verdict.PROVEN, proof["reasons"]
    again = expect_small(act(minimize_plugin.ActionModule, host, check=True, **options), "minimize once more", most=most)
    assert not again["changed"]
    expect_small(act(snapshot_info.ActionModule, host), "snapshot_info")
    expect_small(act(restore_plugin.ActionModule, host), "restore", most=most)
    host.boot()
    expect_small(act(proof_info.ActionModule, host), "proof_info after restore")


@st.composite
def crowds(draw: st.DrawFn) -> tuple[str, Crowd, dict[str, Any]]:
    """Draw a Windows, a crowd of at least one kind that is a large one, and options."""
    name = draw(st.sampled_from(SCENARIOS))
    large = draw(st.sets(st.sampled_from(("sockets", "rules", "services", "adapters")), min_size=1))
    made = Crowd(
        sockets=draw(st.sampled_from((10_000, 2_500, 300) if MANY else (1_000, 300))) if "sockets" in large else draw(st.integers(0, 20)),
        protocol=draw(st.sampled_from(Protocol)),
        between=draw(st.booleans()),
        rules=8_000 if "rules" in large else 0,
        services=300 if "services" in large else 0,
        adapters=200 if "adapters" in large else 0,
    )
    drop = {"ip_filter": {"residue": "drop", "unknown": draw(st.booleans())}} if draw(st.booleans()) else {}
    return name, made, {"dependents": "stop", **drop}


@examples(1, 40)
@given(drawn=crowds())
def test_a_crowd_goes_all_the_way_and_back(drawn: tuple[str, Crowd, dict[str, Any]]) -> None:
    name, crowd, options = drawn
    with simulated(name, host=crowded(scenario(name).host, crowd)) as host:
        all_the_way(host, options, most=MOST_WITH_ADAPTERS if crowd.adapters else MOST)


@pytest.mark.parametrize("name", ["windows_server_2003", "windows_7", "windows_server_2022"] if MANY else ["windows_server_2003"])
def test_all_at_once(name: str) -> None:
    crowd = Crowd(10_000 if MANY else 2_000, Protocol.UDP, between=False, rules=8_000, services=300, adapters=200)
    with simulated(name, host=crowded(scenario(name).host, crowd)) as host:
        all_the_way(host, {"dependents": "stop", "ip_filter": {"residue": "drop"}}, most=MOST_WITH_ADAPTERS)
