# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoint mapper of others: Samba's, which sends its entries together with the status that there are no more."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import MapState
from ansible_collections.netmin.windows.plugins.plugin_utils._session.epm import ask

PROGRAM = Path("/usr/libexec/samba/samba-dcerpcd")
PATIENCE = 30


@pytest.fixture(scope="module")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Samba's RPC servers at a loopback address of their own; yield the address."""
    if not PROGRAM.exists():
        pytest.skip("Samba's samba-dcerpcd is not installed (Debian: samba-common-bin)")
    if os.geteuid() != 0:
        pytest.skip("Samba's samba-dcerpcd runs as the superuser only")
    # Its sockets have paths, which may not be long.
    folder, address = tmp_path_factory.mktemp("s"), f"127.88.{random.randrange(256)}.{random.randrange(1, 255)}"
    parts = ("lock", "state", "cache", "pid", "private", "ncalrpc")
    for part in parts:
        (folder / part).mkdir()
    settings = {
        "interfaces": f"{address}/8",
        "bind interfaces only": "yes",
        "rpc start on demand helpers": "false",
        "log file": folder / "log",
        "private dir": folder / "private",
        "ncalrpc dir": folder / "ncalrpc",
        **{f"{part} directory": folder / part for part in parts[:4]},
    }
    configuration = folder / "smb.conf"
    configuration.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()), encoding="utf-8")
    process = subprocess.Popen(
        [PROGRAM, "-F", "-s", configuration, "--libexec-rpcds"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError):
                socket.create_connection((address, 135), timeout=1).close()
                break
            time.sleep(0.1)
        else:
            pytest.skip("Samba's samba-dcerpcd does not begin to listen here")
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_all_entries_of_samba_are_read(samba: str) -> None:
    found = ask(samba)
    assert found.state is MapState.READ
    assert len(found.entries) > 10
    assert {"winreg", "epmapper"} <= {entry.annotation for entry in found.entries}


def test_sambas_own_client_sees_the_same_but_for_the_entry_that_comes_with_the_status(samba: str) -> None:
    program = shutil.which("rpcclient")
    if program is None:
        pytest.skip("Samba's rpcclient is not installed (Debian: smbclient)")
    command = [program, "--configfile=/dev/null", "-U", "%", f"ncacn_ip_tcp:{samba}[135]", "-c", "epmlookup"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    theirs = set(re.findall(r"(ncac\S+?|ncad\S+?|ncal\S+?):\S*?\[([^,\]]+),abstract_syntax=([0-9a-f-]{36})", shown))
    ours = [(str(entry.sequence), entry.endpoint, str(entry.interface)) for entry in ask(samba).entries]
    # It asks for one entry at a time, and drops the one that comes together with "no more entries".
    assert theirs <= set(ours)
    assert set(ours) - theirs <= {ours[-1]}
