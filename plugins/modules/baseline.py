# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.baseline`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: baseline
short_description: Write a baseline from audits, or a proposal for the one that exists
version_added: 0.1.0
description:
  - Reads the results of M(netmin.windows.listeners_info) that the role P(netmin.windows.audit#role) left for each host in C(audit_result),
    and writes a file that allows what was found. M(netmin.windows.minimize) keeps what the file allows, and M(netmin.windows.drift_info)
    compares hosts with it.
  - What all hosts of an inventory group show is written once, under the largest such group. The rest is written under single hosts. The
    order is stable, so that a later file can be compared with it.
  - If O(dest) exists, it is not touched. The module writes a proposal beside it, with the entries that are missing added and a comment
    above
    the entries for which no audited host shows a listener, and a diff. Comments, reasons, owners and order of the file stay.
  - A listener that an expired entry allowed, or that can be reached from farther than its entry allows, is not proposed.
  - Contacts no host. Writes only on the controller.
requirements:
  - Python 3.11 or newer on the controller
  - ansible-core 2.16 or newer
options:
  hosts:
    description:
      - The hosts whose audits to read, for example C(ansible_play_hosts_all). A warning names those without an audit.
    type: list
    elements: str
    required: true
  dest:
    description:
      - The baseline. The proposal gets C(.proposed) before the suffix, and the diff gets C(.diff) at the end.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
      - In an execution environment the file is lost with the container. RV(content) has the text, for a task that stores it elsewhere.
    type: path
    default: baseline.yml
  owner:
    description:
      - Who answers for the new entries, until somebody writes a better name into each.
    type: str
    default: not assigned
attributes:
  action:
    description: Runs on the controller and needs no connection.
    support: full
  check_mode:
    description: Writes no file in check mode.
    support: full
  diff_mode:
    description: Shows the text before and after.
    support: full
  platform:
    description: Operating systems that the module can manage.
    support: full
    platforms: windows
seealso:
  - module: netmin.windows.listeners_info
  - module: netmin.windows.drift_info
  - module: netmin.windows.minimize
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Audit
  ansible.builtin.import_role:
    name: netmin.windows.audit

- name: Write a baseline
  netmin.windows.baseline:
    hosts: "{{ ansible_play_hosts_all }}"
    dest: "{{ playbook_dir }}/baseline.yml"
    owner: platform team
  run_once: true
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether a file was written, or would be in check mode.
  type: bool
  returned: always
dest:
  description: The path of the baseline.
  type: str
  returned: always
wrote:
  description: V(baseline) for a first one, V(proposal) beside one that exists, or V(nothing) if it allows all that was found.
  type: str
  returned: always
  sample: baseline
proposal:
  description: The path of the proposal, or V(none).
  type: str
  returned: always
diff_file:
  description: The path of the diff, or V(none).
  type: str
  returned: always
added:
  description: Number of entries that are new.
  type: int
  returned: always
unused:
  description: Number of entries for which no audited host shows a listener.
  type: int
  returned: always
content:
  description: The text of the baseline or of the proposal.
  type: str
  returned: always
"""
