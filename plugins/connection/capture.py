# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to a host that is a file. It carries nothing: the actions of this collection read its options, and the file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: capture
short_description: Plan on a host that was captured in a file
version_added: 0.1.0
description:
  - Lets the modules of this collection read a host from the file that M(netmin.windows.capture) wrote, without the host.
  - Modules that only read return what they would return on the host. Those that change a host work in check mode, and refuse anything else.
  - All other modules, M(ansible.builtin.setup) and M(ansible.builtin.wait_for_connection) among them, fail.
notes:
  - The file is called like the address of the host, C(ANSIBLE_HOST.zip), which is how M(netmin.windows.capture) calls it. A file
    C(captures.yml) in the same folder may name another one. It maps names of the inventory to names of files, or to a
    mapping of C(file) and C(name), where the capture has another inventory name, as an anonymized one has.
  - A capture of another inventory name is refused. So C(delegate_to) never reads the file of the wrong host.
options:
  dir:
    description:
      - Folder with the captures. A relative path is relative to the play, and in a playbook of this collection to the current folder.
    type: path
    vars:
      - name: netmin_windows_capture_dir
  max_age:
    description:
      - How many days old a capture may be. Of an older one every result has a warning.
    type: float
    default: 30
    vars:
      - name: netmin_windows_capture_max_age
author:
  - The netmin.windows contributors (@netmin)
"""

from typing import Any, NoReturn

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase
from ansible_collections.netmin.windows.plugins.plugin_utils._action.opening import CONNECTION

SENTENCE = (
    "this host is a file (connection netmin.windows.capture): nothing can be run on it or copied to it, only the modules of "
    "netmin.windows work, and 'gather_facts: false' is needed"
)


class Connection(ConnectionBase):  # type: ignore[misc]  # ansible-core is not typed
    """Leads to a file."""

    transport = CONNECTION
    has_pipelining = False
    module_implementation_preferences = (".ps1", "")

    def _connect(self) -> Connection:
        """Connect to nothing."""
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> NoReturn:
        """Refuse."""
        del cmd, in_data, sudoable
        raise AnsibleError(SENTENCE)

    def put_file(self, in_path: str, out_path: str) -> NoReturn:
        """Refuse."""
        del in_path, out_path
        raise AnsibleError(SENTENCE)

    def fetch_file(self, in_path: str, out_path: str) -> NoReturn:
        """Refuse."""
        del in_path, out_path
        raise AnsibleError(SENTENCE)

    @property
    def transport_test(self) -> Any:
        """Refuse: `wait_for_connection` looks for this before it waits, and would wait for what never comes."""
        raise AnsibleError(SENTENCE)

    def close(self) -> None:
        """Close nothing."""
        self._connected = False
