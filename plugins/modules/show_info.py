# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.show_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: show_info
short_description: Show the ports of hosts as a table in the terminal
version_added: 0.1.0
description:
  - Prints what a role of this collection left for each host, in C(audit_result), C(minimize_result), C(verify_result) or
    C(rollback_result). It prints the ports with their owners, what became of each and why, then the changes, what was refused, what stays
    open, and one closing line. In check mode it prints the forecast.
  - Prints nothing with C(no_log), or if the stdout callback is not one for people, such as C(json). The results are the same.
  - Contacts no host and writes nothing.
requirements:
  - Python 3.11 or newer on the controller
  - ansible-core 2.16 or newer
options:
  of:
    description:
      - The role whose results are shown.
    type: str
    choices: [audit, minimize, rollback, verify]
    required: true
  hosts:
    description:
      - The hosts of the run. By default, those of the current batch.
    type: list
    elements: str
  show_hosts:
    description:
      - Up to this number of hosts, each host shows itself. With more hosts, one task shows only the hosts that failed or differ from most
        hosts with the same Windows, and a table that counts hosts by listener and state.
      - With the C(free) strategy, that one task shows only the hosts that have finished.
    type: int
    default: 5
attributes:
  action:
    description: Runs on the controller and needs no connection.
    support: full
  check_mode:
    description: Works the same in check mode.
    support: full
  diff_mode:
    description: There are no differences to show.
    support: none
  platform:
    description: Operating systems that the module can manage.
    support: full
    platforms: windows
seealso:
  - module: netmin.windows.summary_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: List every listener
  netmin.windows.listeners_info:
  register: audit_result

- name: Show every listener
  netmin.windows.show_info:
    of: audit
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
shown:
  description: The hosts that this task showed. Empty if another host's task shows them, or if nobody reads the output.
  type: list
  elements: str
  returned: always
  sample:
    - web01
"""
