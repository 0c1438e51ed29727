# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.summary_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: summary_info
short_description: Summarize the result of a run for each host
version_added: 0.1.0
description:
  - Reads the results that the roles P(netmin.windows.minimize#role) and P(netmin.windows.verify#role) left for each host, in
    C(minimize_result), C(minimize_reboot_result), C(verify_result) and C(minimize_confirm_result). If a rescue block ran, it also reads
    the reason from C(minimize_failure).
  - A host whose run could not be confirmed counts as failed, even if it was proven, because it may roll the run back.
  - Contacts no host and writes nothing.
requirements:
  - Python 3.11 or newer on the controller
  - ansible-core 2.16 or newer
options:
  of:
    description:
      - Whose results are summarized.
      - With V(rollback), reads what the role P(netmin.windows.rollback#role) left, in C(rollback_result), C(rollback_reboot_result) and
        C(rollback_confirm_result), and C(rollback_failure).
    type: str
    choices: [minimize, rollback]
    default: minimize
  hosts:
    description:
      - All hosts of the run, including those that have not started, for example C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  batch:
    description:
      - The hosts of the current batch, for example C(ansible_play_batch). By default, all hosts.
    type: list
    elements: str
    default: []
  max_fail_percentage:
    description:
      - Percentage of a batch that may fail, as in the play. Used to tell whether another batch follows.
    type: float
    default: 0.0
  strict:
    description:
      - With V(true), the task is C(failed) if one of O(hosts) failed or was refused, and C(unreachable) if one was not reached.
      - If you run the task for each host at the end of a batch, C(max_fail_percentage) of the play also counts hosts whose failure a
        rescue block caught.
    type: bool
    default: false
  show:
    description:
      - Whether to print the summary once no further batch follows. Prints nothing if nobody reads the output, as
        M(netmin.windows.show_info) says.
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
  - module: netmin.windows.minimize
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Summarize, and print it
  netmin.windows.summary_info:
    hosts: "{{ ansible_play_hosts_all }}"
    show: true
  run_once: true
  register: summary
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
hosts:
  description: The result for each host. Loopback endpoints are counted only if the proof contradicts them. Numbers are V(none)
    if the host was not read, if O(of) does not count them, or if they are not known because not all changes are known to be
    made.
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
        - V(proven); V(restored) after a rollback; V(not proven) if there is no proof, or it did not prove the host; V(needs
          a restart) if a restart is still needed; V(planned) in check mode.
        - V(refused) if the task was refused and nothing was written; V(failed), also if the host could not be reached after
          the first write.
        - V(not reached) if the host could not be reached and nothing was written; V(not started).
      type: str
      returned: always
    closed:
      description: Number of endpoints that closed, from the proof if there is one, otherwise from the listings before and after.
      type: int
      returned: always
    to_close:
      description: Number of endpoints that close at the next boot; in check mode also those that would close at once.
      type: int
      returned: always
    residue:
      description: Number of endpoints that others can reach and that are neither kept nor contradicted, from the proof if there
        is one.
      type: int
      returned: always
    contradicted:
      description: Number of endpoints that are not as the forecast says, from the proof.
      type: int
      returned: always
    refused:
      description: Number of objects left unchanged because a hazard was not accepted or a method is not verified.
      type: int
      returned: always
    restored:
      description: Number of changes that a rollback made.
      type: int
      returned: always
    to_restore:
      description: Number of changes that a rollback would make, in check mode.
      type: int
      returned: always
    opens:
      description: Number of endpoints that open again at the next boot after a rollback.
      type: int
      returned: always
    left_alone:
      description: Number of objects that a rollback did not restore, for example because somebody changed them later.
      type: int
      returned: always
    named:
      description: What RV(hosts[].contradicted), RV(hosts[].refused) and RV(hosts[].left_alone) count, as lists of texts.
      type: dict
      returned: always
    why:
      description: The message of the task that failed or was refused.
      type: str
      returned: always
  sample:
    - closed: 14
      contradicted: 0
      ended: proven
      host: web01
      left_alone: null
      named:
        contradicted: []
        refused:
          - recipe rdp (needs an accepted hazard)
      opens: null
      refused: 1
      residue: 0
      restored: null
      to_close: 0
      to_restore: null
      why: ''
totals:
  description: The totals of what is known.
  type: dict
  returned: unless the task failed because of O(strict)
  contains:
    hosts:
      description: Number of hosts.
      type: int
      returned: always
    ended:
      description: Number of hosts for each way to end.
      type: dict
      returned: always
    closed:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    to_close:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    residue:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    contradicted:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    refused:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    restored:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    to_restore:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    opens:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
    left_alone:
      description: Sum of this number over RV(hosts), or V(none) if O(of) does not count it or it is known of no host.
      type: int
      returned: always
  sample:
    closed: 14
    contradicted: 0
    ended:
      proven: 1
    hosts: 1
    left_alone: null
    opens: null
    refused: 1
    residue: 0
    restored: null
    to_close: 0
    to_restore: null
lines:
  description: All of it as a table for the terminal.
  type: list
  elements: str
  returned: unless the task failed because of O(strict)
  sample:
    - host   outcome  closed  to close  residue  contradicted  refused
    - web01  proven       14         0        0             0        1
    - 'web01 refused: recipe rdp (needs an accepted hazard)'
    - '1 host: 1 proven; endpoints: 14 closed, 0 to close, 0 residue, 0 contradicted, 1 refused'
ends:
  description: Whether no batch follows this one, because all hosts are done or too many have failed.
  type: bool
  returned: unless the task failed because of O(strict)
  sample: true
"""
