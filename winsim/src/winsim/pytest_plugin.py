# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For pytest: the fixture `winsim_hosts`, with which a test starts the simulated hosts that it needs.

pytest loads this module wherever winsim is installed, so it imports the simulator only when a test asks for hosts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import pytest

if TYPE_CHECKING:
    from .server import Host


class StartHosts(Protocol):
    """What the fixture `winsim_hosts` is; a test calls it as often as it likes."""

    def __call__(
        self,
        *scenarios: str | Path,
        auth: Literal["basic", "certificate", "credssp", "kerberos", "ntlm"] = "ntlm",
        tls: bool = False,
        boot_seconds: float | None = 0.5,
        speed: float = 1.0,
        seed: int | None = None,
    ) -> tuple[Host, ...]:
        """Start hosts on loopback addresses and return them, in order, when they listen.

        Args:
            scenarios: names of `winsim --list`, or paths of scenario files; `3*NAME` for three, `NAME+PART` for one with a part over it.
            auth: `basic` hosts take Basic and unencrypted messages, no other does; `certificate` needs `tls`.
            tls: WinRM over https, with a certificate of the host's own.
            boot_seconds: how long a restart takes; None as the scenario says.
            speed: how many times as fast time passes in the hosts.
            seed: shuffles start order, dynamic ports and process ids.

        Raises:
            ScenarioError: there is no such scenario or part, or a file is wrong.
        """


@pytest.fixture
def winsim_hosts() -> Iterator[StartHosts]:
    """Start simulated Windows hosts that answer WinRM on the loopback until the test ends: `(host,) = winsim_hosts("windows_xp")`."""
    # Here and not above: see the module's docstring.
    from .scenarios import several
    from .server import HostSpec, Simulation

    with ExitStack() as running:

        def start(
            *scenarios: str | Path,
            auth: Literal["basic", "certificate", "credssp", "kerberos", "ntlm"] = "ntlm",
            tls: bool = False,
            boot_seconds: float | None = 0.5,
            speed: float = 1.0,
            seed: int | None = None,
        ) -> tuple[Host, ...]:
            asked = [several(scenario) if isinstance(scenario, str) else (1, str(scenario)) for scenario in scenarios]
            specs: list[HostSpec] = []
            for number, name in asked:
                specs += [HostSpec(scenario=name, auth=auth, tls=tls, boot_seconds=boot_seconds, speed=speed, seed=seed)] * number
            return running.enter_context(Simulation(specs)).hosts

        yield start
