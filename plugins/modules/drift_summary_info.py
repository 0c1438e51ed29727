# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.drift_summary_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_summary_info
short_description: Report the drift of all hosts, and fail those that drifted
version_added: 0.1.0
description:
  - Reads the results of M(netmin.windows.drift_info) that the role P(netmin.windows.drift#role) left for each host in C(drift_result). If a
    rescue block ran, it also reads the reason from C(drift_failure).
  - Contacts no host and writes nothing.
requirements:
  - Python 3.11 or newer on the controller
  - ansible-core 2.16 or newer
options:
  hosts:
    description:
      - All hosts of the play, including those that failed or were not reached, for example C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  fail_on:
    description:
      - The kinds of findings that make a host count as drifted. Others are only told.
      - V(new) is a listener that the baseline does not allow.
      - V(owner) is an allowed port that belongs to another owner.
      - V(scope) is an allowed listener that can be reached from farther than the baseline allows.
      - V(expired) is a listener that only an entry allows whose last day is over.
      - V(setting) is a setting that a run of this collection made and that somebody changed since.
      - V(unproven) is what contradicts the forecast of the last run and is not told by one of the others.
      - V(gone) is an entry of the baseline for which nothing listens.
      - V(expires) is an entry that ends within 30 days.
    type: list
    elements: str
    choices: [new, owner, scope, expired, setting, unproven, gone, expires]
    default: [new, owner, scope, expired, setting, unproven]
  strict:
    description:
      - With V(true), the task is C(failed) if one of O(hosts) drifted or failed, and C(unreachable) if one was not reached.
      - Run it for each host at the end of a play, after the report, so that a run in which every host fails still ends with its report.
    type: bool
    default: false
  show:
    description:
      - Whether to print the report, with every finding. Nothing is printed if the task has C(no_log), or if a program reads the output.
    type: bool
    default: false
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
  - module: netmin.windows.drift_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Report all hosts
  netmin.windows.drift_summary_info:
    hosts: "{{ ansible_play_hosts_all }}"
    show: true
  run_once: true

- name: Fail the hosts that drifted
  netmin.windows.drift_summary_info:
    hosts: ["{{ inventory_hostname }}"]
    strict: true
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
hosts:
  description: The result for each host.
  type: list
  elements: dict
  returned: unless the task failed because of O(strict)
  contains:
    host:
      description: The name of the host in the inventory.
      type: str
      returned: always
    ended:
      description:
        - V(as allowed) without findings; V(told) if none of them is of a kind in O(fail_on); V(drifted) otherwise.
        - V(failed) if the host could not be compared; V(not reached); V(not started).
      type: str
      returned: always
    counts:
      description: How many findings there are of each kind.
      type: dict
      returned: always
    why:
      description: The findings that fail the host, or why it could not be compared.
      type: str
      returned: always
  sample:
    - counts:
        new: 1
      ended: drifted
      host: web01
      why: 'tcp/8080 on 0.0.0.0 (owner Tomcat9) is open, and the baseline does not allow it: close it, or add an entry'
totals:
  description: Number of hosts by how they ended, and of findings by kind.
  type: dict
  returned: unless the task failed because of O(strict)
  sample:
    as_allowed: 39
    drifted: 1
    findings_new: 1
    hosts: 40
lines:
  description: The report for the terminal, with every finding.
  type: list
  elements: str
  returned: unless the task failed because of O(strict)
  sample:
    - 'web01: drifted (new listener: 1)'
    - '40 hosts: 39 as allowed, 1 drifted'
"""
