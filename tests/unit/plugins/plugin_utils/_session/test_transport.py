# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of the options of Ansible's connections."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from importlib import metadata
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._session import transport_psrp, transport_winrm
from ansible_collections.netmin.windows.plugins.plugin_utils._session.library import LIBRARIES
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import TRANSPORTS, Transport, open_transport
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import webserver


def transport_to(plugin: str, mechanism: str, port: int, **more: Any) -> Transport:
    return open_transport(webserver.connection(plugin, **webserver.options(plugin, mechanism, port, **more)))


@pytest.mark.parametrize("plugin", ["local", "ssh"])
def test_other_connections_are_refused(plugin: str) -> None:
    with pytest.raises(errors.InvalidOption) as found:
        open_transport(webserver.connection(plugin))
    assert f"'{plugin}'" in str(found.value)
    assert "set ansible_connection to psrp or winrm" in str(found.value)


def test_the_choice_is_alphabetical() -> None:
    assert list(TRANSPORTS) == sorted(TRANSPORTS) == ["psrp", "winrm"]


@pytest.mark.parametrize(("plugin", "name"), [("psrp", "pypsrp"), ("winrm", "pywinrm")])
class TestLibraries:
    def refusal(self, plugin: str) -> str:
        with pytest.raises(errors.InvalidOption) as found:
            open_transport(webserver.connection(plugin))
        return str(found.value)

    def break_import(self, plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr({"psrp": transport_psrp, "winrm": transport_winrm}[plugin], "NOT_IMPORTED", ImportError("No module named 'x'"))

    def install(self, version: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        def installed(name: str) -> str:
            if version is None:
                raise metadata.PackageNotFoundError(name)
            return version

        monkeypatch.setattr(metadata, "version", installed)

    def test_a_missing_one_is_named(self, plugin: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.break_import(plugin, monkeypatch)
        self.install(None, monkeypatch)
        floor = LIBRARIES[plugin].floor
        assert f"needs the Python library {name} {floor} or newer on the controller, and it is not installed" in self.refusal(plugin)
        assert f'-m pip install "{name}>={floor}"' in self.refusal(plugin)

    @pytest.mark.parametrize("version", ["0.4.3", "0.4", "0.0.1rc2", "0.4.99.post1"])
    @pytest.mark.parametrize("imports", [False, True])
    def test_an_older_one_is_named_with_its_version(
        self, plugin: str, name: str, version: str, *, imports: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not imports:
            self.break_import(plugin, monkeypatch)
        self.install(version, monkeypatch)
        assert f"{name} {LIBRARIES[plugin].floor} or newer on the controller, but {version} is installed: run '" in self.refusal(plugin)

    @pytest.mark.parametrize("version", ["0.9.0", "0.10.0", "1", "0.9.1.dev0"])
    def test_the_oldest_that_works_and_newer_ones_are_taken(
        self, plugin: str, name: str, version: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.install(version, monkeypatch)
        assert LIBRARIES[plugin].problem(None) is None
        assert str(LIBRARIES[plugin]) == f"{name} {version}"

    def test_one_that_no_package_manager_knows_is_taken(self, plugin: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.install(None, monkeypatch)
        assert LIBRARIES[plugin].problem(None) is None
        assert str(LIBRARIES[plugin]) == name

    def test_one_that_cannot_be_imported_says_why(self, plugin: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.break_import(plugin, monkeypatch)
        self.install("0.9.9", monkeypatch)
        assert f"and 0.9.9 is installed but cannot be imported (No module named 'x'): run '{sys.executable}" in self.refusal(plugin)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_address_has_the_scheme_that_was_configured(scheme: str) -> None:
    for plugin, configure in (("psrp", transport_psrp.configure), ("winrm", transport_winrm.configure)):
        config = configure(webserver.connection(plugin, **webserver.options(plugin, "ntlm", 5986, address="web01", scheme=scheme)))
        assert config.endpoint == f"{scheme}://web01:5986/wsman"


def test_configurations_hold_no_visible_secret() -> None:
    for plugin, configure in (("psrp", transport_psrp.configure), ("winrm", transport_winrm.configure)):
        config = configure(webserver.connection(plugin, **webserver.options(plugin, "ntlm", 5985, address="web01")))
        assert (config.endpoint, config.address, config.user) == ("http://web01:5985/wsman", "web01:5985", "admin")
        assert (config.operation_timeout, config.read_timeout, config.mechanisms) == (20, 30, ("ntlm",))
        assert webserver.PASSWORD not in repr(config)


def test_addresses_of_version_6_are_put_into_brackets() -> None:
    for plugin, configure in (("psrp", transport_psrp.configure), ("winrm", transport_winrm.configure)):
        config = configure(webserver.connection(plugin, **webserver.options(plugin, "ntlm", 5985, address="::1")))
        assert config.endpoint == "http://[::1]:5985/wsman"


def test_timeouts() -> None:
    more = {"ansible_winrm_connection_timeout": 50}
    config = transport_winrm.configure(webserver.connection("winrm", **webserver.options("winrm", "ntlm", 5985), **more))
    assert (config.operation_timeout, config.read_timeout) == (50, 60)
    more = {"ansible_winrm_operation_timeout_sec": 40}
    with pytest.raises(errors.InvalidOption, match=r"read_timeout_sec .30. must be longer than .*operation_timeout_sec .40."):
        transport_winrm.configure(webserver.connection("winrm", **webserver.options("winrm", "ntlm", 5985), **more))


def test_options_that_do_not_fit_together() -> None:
    with pytest.raises(errors.InvalidOption, match="winrm connection do not fit together"):
        open_transport(webserver.connection("winrm", **webserver.options("winrm", "telepathy", 5985)))
    transport = transport_to("psrp", "basic", 5985, ansible_psrp_message_encryption="always")
    with pytest.raises(errors.InvalidOption, match=r"psrp connection to 127.0.0.1:5985 do not fit together: .*basic"):
        transport.exchange(b"<message/>")


@pytest.mark.parametrize(("error", "reason"), [(RuntimeError("ansible says no"), "ansible says no"), (KeyError(), "KeyError")])
def test_what_ansible_says_of_the_options_is_told(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise error

    for plugin, method in (("psrp", "_build_kwargs"), ("winrm", "_build_winrm_kwargs")):
        connection = webserver.connection(plugin, **webserver.options(plugin, "ntlm", 5985))
        monkeypatch.setattr(connection, method, refuse)
        with pytest.raises(errors.InvalidOption, match=f"the options of the {plugin} connection do not fit together: {reason}$"):
            open_transport(connection)


def test_the_libraries_own_words_do_not_reach_the_terminal() -> None:
    """Where a logger has no handler of its own, Python writes warnings to the terminal."""
    for name in ("pypsrp", "winrm"):
        assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger(name).handlers), name


def test_no_user() -> None:
    variables = webserver.options("winrm", "ntlm", 5985)
    del variables["ansible_user"], variables["ansible_password"]
    with pytest.raises(errors.AuthenticationFailed, match="check ansible_user and ansible_password"):
        open_transport(webserver.connection("winrm", **variables)).exchange(b"<message/>")


def test_kerberos_tickets_are_fetched_where_the_plugin_manages_them(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = webserver.connection("winrm", **webserver.options("winrm", "kerberos", 5985))
    fetched: list[tuple[str, str]] = []
    monkeypatch.setattr(connection, "_winrm_supported_authtypes", {"kerberos"}, raising=False)
    monkeypatch.setattr(connection, "_kerb_auth", lambda user, password: fetched.append((user, password)))
    monkeypatch.setattr("winrm.FEATURE_SUPPORTED_AUTHTYPES", ["kerberos"])
    transport = open_transport(connection)
    monkeypatch.setattr("winrm.transport.HAVE_KERBEROS", False)
    with pytest.raises(
        errors.AuthenticationFailed,
        match=r"was not asked: no login with kerberos from here .*pykerberos is not installed.*pywinrm\[kerberos\]",
    ):
        transport.exchange(b"<message/>")
    assert fetched == [(webserver.USER, webserver.PASSWORD)]


def test_a_ticket_that_cannot_be_had() -> None:
    connection = webserver.connection("winrm", **webserver.options("winrm", "ntlm", 5985))
    config = transport_winrm.configure(connection)

    def refuse() -> None:
        raise RuntimeError("kinit says no")

    transport = transport_winrm.WinrmTransport(replace(config, mechanisms=("kerberos",), obtain_ticket=refuse))
    with pytest.raises(
        errors.AuthenticationFailed, match=r"was not logged in to as 'admin' with kerberos: run 'kinit' .* \(kinit says no\)$"
    ):
        transport.exchange(b"<message/>")
