# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with options by themselves is known before any host is asked, all of it at once."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

PLUGINS = "ansible_collections.netmin.windows.plugins.action"


class Asked(AssertionError):
    """A session was opened."""


def refused(module: str, **arguments: Any) -> str:
    """Return the message with which a task is refused that opens no session."""
    made = import_module(f"{PLUGINS}.{module}").ActionModule
    action = made.__new__(made)

    def asked() -> None:
        raise Asked

    for name, content in {
        "_connection": SimpleNamespace(become=None),
        "_task": SimpleNamespace(
            delegate_to=None, args=arguments, check_mode=False, diff=False, no_log=False, action=f"netmin.windows.{module}"
        ),
        "_loader": None,
        "writing": False,
        "open_session": asked,
        "open_writable": asked,
    }.items():
        setattr(action, name, content)
    result = getattr(action, "_guarded")({"inventory_hostname": "web01"})  # noqa: B009  # the part of `run` without Ansible
    assert result["failed"]
    assert result["refused"]
    return str(result["msg"])


WINDOW = {"from": "22", "until": "04:00"}


@pytest.mark.parametrize(
    ("module", "arguments", "told"),
    [
        ("minimize", {"keep": [{"port": "445", "reason": "shares"}]}, ["'445' is not a port; write it like tcp/445"]),
        (
            "minimize",
            {"keep": [{"port": "445", "reason": "shares"}, {"reason": "why"}, {"recipe": "smb-44", "reason": "x"}], "recipes": ["smb445"]},
            ["'445' is not a port", "'why' has none of them", "no recipe 'smb-44'", "no recipe 'smb445'"],
        ),
        ("minimize", {"confirm": {"within": 5}, "window": WINDOW}, ["'confirm.within' is 5", "'from' of the maintenance window is 22"]),
        ("minimize", {"stages": ["services"], "netbt": {"netbios": "disabled"}}, ["options are set for netbt"]),
        (
            "minimize",
            {"netbt": {"adapters": ["x"]}, "rpc_restriction": {"intranet_ports": ["1-2"]}, "acept": []},
            ["'adapters' needs 'netbios'", "port range 1-2 is not within", "acept (did you mean 'accept'?)"],
        ),
        (
            "minimize",
            {
                "accept": ["rdss"],
                "stages": ["servces", "netbt"],
                "recipes": ["smb445"],
                "services": [{"name": "x", "state": "stoped"}],
            },
            ["(did you mean 'rds'?)", "(did you mean 'services'?)", "did you mean smb-445", "(did you mean 'stopped'?)"],
        ),
        # What is right of them is checked though something else is of a wrong type.
        ("minimize", {"stop_timeout": "soon", "keep": [{"port": "445", "reason": "x"}]}, ["stop_timeout", "'445' is not a port"]),
        (
            "services",
            {"services": [{"name": " "}, {"name": "W32Time", "start_mode": "auto"}, {"name": "Alerter"}, {"name": "alerter"}]},
            [
                "a service without a name",
                "service 'W32Time': 'start_mode: auto' needs 'state: unchanged'",
                "service 'alerter' is listed twice",
            ],
        ),
        ("services", {"services": [], "stop_timeout": -1}, ["'stop_timeout' is -1 seconds"]),
        (
            "name_resolution",
            {"max_cached_sockets": -1, "keep": [{"port": "x", "reason": "y"}]},
            ["'max_cached_sockets' is -1", "'x' is not a port"],
        ),
        ("restore", {"confirm": {"within": 90000}, "stage": "netbtt"}, ["'confirm.within' is 90000", "stage must be one of"]),
        ("proof_info", {"keep": [{"port": "tcp", "reason": "y"}], "interval": -5}, ["'tcp' is not a port", "'interval' is -5 seconds"]),
        ("minimize", {"record_dir": "re\0cords"}, ["'record_dir' is no path of a folder: re?cords"]),
        ("restore", {"record_dir": "re\ncords"}, ["'record_dir' is no path of a folder: re cords"]),
        ("reboot", {"window": WINDOW, "timeout": -1}, ["'from' of the maintenance window is 22", "'timeout' is -1 seconds"]),
    ],
)
def test_it_is_told_before_any_host_is_asked(module: str, arguments: dict[str, Any], told: list[str]) -> None:
    message = refused(module, **arguments)
    assert [part for part in told if part not in message] == [], message
    assert "Traceback" not in message
    assert len(message.splitlines()) == (len(told) + 1 if len(told) > 1 else 1), message


def test_a_list_of_the_wrong_type_is_told_once() -> None:
    told = refused("minimize", keep="tcp/445")
    assert told.startswith("Elements value for option 'keep' is of type str")
    assert "refusals" not in told


def test_values_of_two_options_are_not_mixed_up() -> None:
    told = refused("minimize", accept=["nothing like it"], stages=["smb_devise"])
    assert told.count("did you mean") == 1
    assert "Got no match for: smb_devise (did you mean 'smb_device'?)" in told
