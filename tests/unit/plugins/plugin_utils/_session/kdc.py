# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real KDC of MIT that a test starts on 127.0.0.1 and throws away."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import webserver

SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
MISSING = [name for name in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit") if shutil.which(name, path=SBIN) is None]
NEEDS_KDC = pytest.mark.skipif(bool(MISSING), reason=f"there is no KDC to start: {', '.join(MISSING)} is not installed")
REALM = "NETMIN.TEST"
SECRET = "a g00d secret"
# As the realm knows the host; its address is none that a ticket could be had for.
NAME = "srv.netmin.test"


def needs(*libraries: str) -> pytest.MarkDecorator:
    """Skip a test where a library is not installed that is built against the machine's own Kerberos."""
    absent = [name for name in libraries if find_spec(name) is None]
    return pytest.mark.skipif(bool(absent), reason=f"{', '.join(absent)} is not installed; it is built against the headers of Kerberos")


@dataclass(frozen=True)
class Kdc:
    """A KDC on 127.0.0.1."""

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        names = {"KRB5_CONFIG": "krb5.conf", "KRB5_KDC_PROFILE": "kdc.conf"}
        cache = {"KRB5CCNAME": f"FILE:{self.folder / 'cache'}"}
        return {**{name: str(self.folder / file) for name, file in names.items()}, **cache, "LC_ALL": "C", "PATH": SBIN}

    @property
    def keytab(self) -> Path:
        """The keys of the realm's services."""
        return self.folder / "keytab"

    def run(self, *command: str, given: str | None = None) -> str:
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, input=given).stdout

    def administer(self, query: str) -> str:
        return self.run("kadmin.local", "-r", REALM, "-q", query)

    def failed_passwords(self, user: str) -> int:
        """Return how many wrong passwords the KDC has counted since the last right one."""
        found = re.search(r"^Failed password attempts: (\d+)$", self.administer(f"getprinc {user}"), re.MULTILINE)
        assert found is not None
        return int(found[1])


@contextmanager
def started(folder: Path, queries: Iterable[str]) -> Iterator[Kdc]:
    """Start a KDC whose database these queries of kadmin fill."""
    made = Kdc(folder, webserver.closed_port())
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_lookup_realm = false\nudp_preference_limit = 1\n"
        "rdns = false\ndns_canonicalize_hostname = false\n"
        f"[realms]\n{REALM} = {{\n kdc = 127.0.0.1:{made.port}\n}}\nSILENT.TEST = {{\n kdc = 127.0.0.1:{webserver.closed_port()}\n}}\n"
        f"[domain_realm]\n127.0.0.1 = {REALM}\nlocalhost = {REALM}\n.{REALM.lower()} = {REALM}\n"
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{made.port}\nkdc_tcp_listen = 127.0.0.1:{made.port}\n"
        f"[realms]\n{REALM} = {{\n database_name = {folder}/principal\n key_stash_file = {folder}/stash\n acl_file = {folder}/acl\n}}\n"
    )
    made.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
    for query in queries:
        made.administer(query)
    with subprocess.Popen(
        ["krb5kdc", "-n"], env={**os.environ, **made.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            for _try in range(100):
                with suppress(OSError), socket.create_connection(("127.0.0.1", made.port), 1):
                    break
                time.sleep(0.1)
            yield made
        finally:
            process.terminate()


@contextmanager
def with_a_host(folder: Path) -> Iterator[Kdc]:
    """Start a KDC that knows a host by its services, its administrator, and a user whom the host does not know."""
    services = [f"{service}/{NAME}" for service in ("HTTP", "WSMAN")]
    users = [f'addprinc +requires_preauth -pw "{SECRET}" {user}' for user in ("Administrator", "stranger")]
    keys = [query for name in services for query in (f"addprinc -randkey {name}", f"ktadd -k {folder}/keytab {name}")]
    with started(folder, [*users, *keys]) as made:
        yield made
