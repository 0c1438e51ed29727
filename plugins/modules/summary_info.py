# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.summary_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: summary_info
short_description: Sum up what became of each host of a run
version_added: 0.1.0
description:
  - Reads what the roles P(netmin.windows.minimize#role) and P(netmin.windows.verify#role) have left for each host, as
    C(minimize_result), C(minimize_reboot_result), C(verify_result) and C(minimize_confirm_result), and C(minimize_failure) where a rescue
    has noted why it came to it.
  - A host whose run could not be confirmed has failed, proven or not, since it may put the run back by itself.
  - No host is asked, and nothing is written.
options:
  hosts:
    description:
      - The hosts of the run, those included that are not begun yet, as C(ansible_play_hosts_all) has them.
    type: list
    elements: str
    required: true
  batch:
    description:
      - The hosts of the batch that ends now, as C(ansible_play_batch) has them. When left out all.
    type: list
    elements: str
    default: []
  max_fail_percentage:
    description:
      - How many hosts of a batch may fail, as in the play, to tell whether another batch comes.
    type: float
    default: 0.0
  strict:
    description:
      - With V(true) the task fails where one of O(hosts) has failed or was refused, and is unreachable where one was not reached.
      - Given for each host at the end of a batch, it lets C(max_fail_percentage) of the play count hosts whose failure a rescue has caught.
    type: bool
    default: false
attributes:
  action:
    description: Runs on the controller, and needs no connection.
    support: full
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: There are no differences to show.
    support: none
  platform:
    description: The systems that can be acted on.
    support: full
    platforms: windows
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Sum up
  netmin.windows.summary_info:
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
  register: summary

- name: Show it
  ansible.builtin.debug:
    msg: "{{ summary.lines }}"
  run_once: true
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
hosts:
  description: What became of each host. Endpoints on the loopback are not counted. Numbers are V(none) where the host was not
    read.
  type: list
  elements: dict
  returned: unless it failed as O(strict) asks for
  contains:
    host:
      description: Its name in the inventory.
      type: str
      returned: always
    ended:
      description:
        - V(proven); V(not proven), where nobody has held the sockets against the forecast; V(waits for a boot), where a restart
          is still to come; V(planned) in check mode.
        - V(refused), where nothing was written; V(failed), also where the host was not reached any more after the first write.
        - V(not reached), where nothing was written either; V(not begun).
      type: str
      returned: always
    closed:
      description: How many endpoints are gone, by the proof where there is one, else by the listings before and after.
      type: int
      returned: always
    to_close:
      description: How many endpoints close at the next boot; in check mode also those that would close at once.
      type: int
      returned: always
    residue:
      description: How many endpoints are open to others and not kept, by the proof where there is one.
      type: int
      returned: always
    refused:
      description: How much was left alone because a hazard was not accepted, or because nobody has verified the method.
      type: int
      returned: always
    why:
      description: The message of the task that ended it, where it ended badly.
      type: str
      returned: always
  sample:
    - closed: 14
      ended: proven
      host: web01
      refused: 0
      residue: 0
      to_close: 0
      why: ''
totals:
  description: The sums.
  type: dict
  returned: unless it failed as O(strict) asks for
  contains:
    hosts:
      description: How many hosts there are.
      type: int
      returned: always
    ended:
      description: How many hosts ended in which way.
      type: dict
      returned: always
    closed:
      description: Sum of RV(hosts[].closed).
      type: int
      returned: always
    to_close:
      description: Sum of RV(hosts[].to_close).
      type: int
      returned: always
    residue:
      description: Sum of RV(hosts[].residue).
      type: int
      returned: always
    refused:
      description: Sum of RV(hosts[].refused).
      type: int
      returned: always
  sample:
    closed: 14
    ended:
      proven: 1
    hosts: 1
    refused: 0
    residue: 0
    to_close: 0
lines:
  description: All of it as a table for a terminal.
  type: list
  elements: str
  returned: unless it failed as O(strict) asks for
  sample:
    - host   outcome  closed  to close  residue  refused
    - web01  proven       14         0        0        0
    - '1 host: 1 proven; ports: 14 closed, 0 to close, 0 residue, 0 refused'
ends:
  description: Whether no batch comes after this one, as all hosts are done or too many have failed.
  type: bool
  returned: unless it failed as O(strict) asks for
  sample: true
"""
