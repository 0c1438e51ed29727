# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the operator keeps: by port, service or recipe, with all that it needs, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotFound
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keep import parse_port, read_keep
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    KNOWLEDGE,
    survey_of,
    windows_2000,
    windows_xp,
)

XP, W2K = survey_of(windows_xp()).host, survey_of(windows_2000()).host


def kept(*entries: dict[str, Any], on: Any = XP) -> Kept:
    return read_keep(entries, on, KNOWLEDGE).kept


def test_nothing() -> None:
    assert kept() == Kept()


def test_a_service_and_what_it_needs() -> None:
    found = kept({"service": "w3svc", "reason": "shop"}, on=W2K)
    assert found.owners == {"w3svc": "shop"}
    assert Names(found.services) == {"w3svc", "iisadmin", "rpcss", "protectedstorage"}
    assert found.services["iisadmin"] == "W3SVC depends on it: shop"
    assert found.recipes == {}


def test_a_service_that_is_reached_through_a_driver() -> None:
    found = kept({"service": "LanmanServer", "reason": "shares"})
    assert set(found.recipes) == {"smb-445", "netbios-137-138-139"}
    assert "netbt" in found.services


def test_a_service_whose_listener_another_stage_could_close() -> None:
    assert set(kept({"service": "Dnscache", "reason": "x"}).recipes) == {"dnscache-ephemeral"}
    assert set(kept({"service": "RpcSs", "reason": "x"}).recipes) == {"rpc-epmap-135-tcp"}


def test_a_recipe() -> None:
    found = kept({"recipe": "ike-500-4500", "reason": "VPN"})
    assert found.recipes == {"ike-500-4500": "VPN"}
    assert found.owners == {"policyagent": "VPN"}


def test_a_port() -> None:
    found = kept({"port": "TCP/445", "reason": "shares"})
    assert found.recipes == {"smb-445": "shares"}
    found = kept({"port": "tcp/80", "reason": "shop"}, on=W2K)
    assert found.recipes == {}
    assert found.owners == {"w3svc": "shop"}
    found = kept({"port": "udp/500", "reason": "VPN"})
    assert "policyagent" in found.owners


def test_the_first_reason_stays() -> None:
    found = kept({"service": "Spooler", "reason": "one"}, {"service": "Spooler", "reason": "two"})
    assert found.services["spooler"] == "one"


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [
        ({"reason": "why"}, InvalidOption, "exactly one"),
        ({"port": "tcp/80", "service": "W3SVC", "reason": "why"}, InvalidOption, "exactly one"),
        ({"service": "Spoler", "reason": "why"}, NotFound, "did you mean Spooler"),
        ({"recipe": "smb445", "reason": "why"}, InvalidOption, "did you mean smb-445"),
        ({"port": "tcp/1025", "reason": "why"}, InvalidOption, "list its service instead"),
        ({"port": "445", "reason": "why"}, InvalidOption, "tcp/445"),
        ({"port": "tcp/0", "reason": "why"}, InvalidOption, "is not a port"),
        ({"port": "tcp/65536", "reason": "why"}, InvalidOption, "is not a port"),
        ({"port": "sctp/445", "reason": "why"}, InvalidOption, "is not a port"),
        ({"port": "tcp/" + "9" * 5000, "reason": "why"}, InvalidOption, "is not a port"),
    ],
)
def test_what_names_nothing(entry: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        kept(entry)


def test_a_port_that_nothing_on_the_host_can_own() -> None:
    assert kept({"port": "tcp/80", "reason": "why"}).services == {}


def test_ports_in_words() -> None:
    assert parse_port(" udp/137 ") == (Protocol.UDP, 137)
