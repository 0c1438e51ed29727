# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters of RPC calls that a host has: read where that can be done, and never taken for none where it cannot."""

from __future__ import annotations

from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CommandOutput
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilters
from ansible_collections.netmin.windows.plugins.plugin_utils._host.rpc_filters import filters_of, read_rpc_filters
from ansible_collections.netmin.windows.tests.unit.fake_rpc_filters import HEAD, FakeFilters, MadeFilter
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, survey_of

KEY = UUID("11111111-2222-4333-8444-555555555555")
ONE = FakeFilters({str(KEY): MadeFilter("block", volatile=False)})


def server(filters: FakeFilters | None, engine: str = "Running") -> tuple[FakeSession, RpcFilters]:
    fake: FakeHost = HOSTS["windows_server_2022"]()
    fake.services.append(FakeService("BFE", state=engine))
    fake.filters = filters
    session = FakeSession(fake)
    return session, read_rpc_filters(session, survey_of(fake).host)


def test_all_filters_are_read_whoever_made_them() -> None:
    _session, found = server(ONE)
    assert [one.key for one in found.listed] == [KEY]
    assert not found.unknown


def test_without_the_engine_nobody_is_asked() -> None:
    session, found = server(ONE, engine="Stopped")
    assert "the service BFE is not running" in found.unknown
    assert [call for call in session.calls if call[0] == "command" and call[1] == "netsh"] == []


def test_before_vista_there_are_none() -> None:
    fake = HOSTS["windows_xp"]()
    session = FakeSession(fake)
    assert read_rpc_filters(session, survey_of(fake).host) == RpcFilters()


def test_what_is_not_understood_is_told() -> None:
    _session, found = server(None)
    assert "wrote what is not understood: nothing" in found.unknown


@pytest.mark.parametrize(
    ("text", "code", "known"),
    [(HEAD, 0, True), (HEAD, 1, False), ("The service is not running.\r\n", 1, False), ("", 0, False), (ONE.listing(), 1, True)],
)
def test_an_exit_code_counts_only_where_no_filter_is_listed(text: str, code: int, known: bool) -> None:
    assert (not filters_of(CommandOutput(text, "", code)).unknown) is known


def test_a_host_that_refuses_the_command_is_told() -> None:
    fake = HOSTS["windows_server_2022"]()
    fake.services.append(FakeService("BFE"))
    host = survey_of(fake).host

    class Refusing(FakeSession):
        def command(self, *arguments: str) -> CommandOutput:
            raise MethodFailed("the command failed", host="host", return_value=5)

    assert "the command failed" in read_rpc_filters(Refusing(fake), host).unknown
