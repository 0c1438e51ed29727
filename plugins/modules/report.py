# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.report`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write a report on the listening ports of many hosts
version_added: 0.1.0
description:
  - Reads results that the roles of this collection left in the play, in files, or both, and writes them as a report to hand on.
  - The report shows all hosts and listener families with the outcome of each, every listener with owner, outcome and reason, what was
    changed and the command that goes back, what is left to do, findings of a baseline, and what changed since an earlier report.
  - If there are several results of a host, the newest count. A listing that is newer than the last run and proof replaces their ports.
  - Relative paths on the controller begin at the current folder.
  - Contacts no Windows host. The date of the report is that of its newest result, so the same results give the same files.
requirements:
  - Python 3.11 or newer on the controller
  - ansible-core 2.16 or newer
options:
  hosts:
    description:
      - Hosts whose results are read from the variables of the play, for example C(ansible_play_hosts_all).
      - The variables are those that the roles register, as C(audit_result), C(minimize_result), C(verify_result), C(rollback_result) and
        C(drift_result), and what was found from outside, as C(verify_outside_result) and C(drift_outside_result).
    type: list
    elements: str
    default: []
  files:
    description:
      - Files, and folders of files, with results of earlier runs. They are read on the controller. Of a folder, all files that end in
        C(.json) are read, those in its subfolders included.
      - These are understood - records that O(netmin.windows.minimize#module:record_dir) left; results of M(netmin.windows.listeners_info),
        M(netmin.windows.minimize), M(netmin.windows.restore), M(netmin.windows.proof_info) or M(netmin.windows.probe_info), written with
        C(to_json); a mapping of such results by the variables of the roles or by host. Unless C(host) is in it, a file is about the host
        that it is named after.
      - A file with anything else, one that is larger than 64 MiB, or one that is nested too deeply is passed over, and listed in
        RV(notes).
    type: list
    elements: path
    default: []
  formats:
    description:
      - V(html) is one file without anything from outside, for people. It opens from disk, prints, and needs JavaScript for filtering only.
      - V(markdown) is for tickets and merge requests.
      - V(csv) has a line for each listener, for spreadsheets. A cell that a spreadsheet would take for a formula begins with an
        apostrophe.
      - V(json) is for programs, and for O(since). Its JSON Schema is C(plugins/plugin_utils/_report/schema/report.json) in the collection.
      - V(junit) has a suite for each host and a case for each of its listener families. A case fails if a proof contradicts the forecast,
        if a port opens again, or for a finding; it has an error if nothing could be told; it is skipped if the listener stays open but
        nothing was promised of it, or if its change is only planned.
      - V(sarif) is SARIF 2.1.0 with the findings only, each at its line of the baseline, for code scanning.
    type: list
    elements: str
    choices: [csv, html, json, junit, markdown, sarif]
    default: [html]
  dest:
    description:
      - Where the report is written. With one format this is the file, unless it ends with a slash or is a folder. With several it is a
        folder, for C(report.html), C(report.md), C(report.csv), C(report.json), C(report.junit.xml) and C(report.sarif).
      - The report is written on the controller. If the task is delegated to a host that Ansible does not reach by C(winrm) or C(psrp), or
        runs on one, it is copied there. Use that in an execution environment, whose files are lost when it ends.
      - Missing folders are created. Each file is replaced as a whole or stays as it was.
    type: path
    required: true
  mode:
    description:
      - Permissions of the files, as an octal number in quotes. A report tells an attacker where to begin.
    type: str
    default: "0600"
  title:
    description:
      - The title of the report.
    type: str
    default: Listening ports
  since:
    description:
      - An earlier report in the format V(json), on the controller. The new report shows what changed since.
    type: path
attributes:
  action:
    description: Runs on the controller and needs no connection, except to copy the report to another host.
    support: full
  check_mode:
    description: Gathers and renders everything, and writes nothing.
    support: full
  diff_mode:
    description: There are no differences to show.
    support: none
  platform:
    description: Operating systems that the module can manage.
    support: full
    platforms: windows
seealso:
  - module: netmin.windows.listeners_info
  - module: netmin.windows.minimize
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Write a report of this play
  netmin.windows.report:
    hosts: "{{ ansible_play_hosts_all }}"
    dest: reports/web.html
    title: Web servers
  run_once: true

- name: Write a report of what earlier runs left, on another host, and say what changed since last month
  netmin.windows.report:
    files: [records]
    formats: [html, csv, json]
    dest: /srv/reports/web/
    mode: "0640"
    since: archive/2026-01/report.json
  run_once: true
  delegate_to: files.example
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether a file was written. V(false) if all were there already, with the same content and permissions.
  type: bool
  returned: always
files:
  description: The files of the report.
  type: list
  elements: dict
  returned: success
  contains:
    format:
      description: The format, as in O(formats).
      type: str
      returned: always
    path:
      description: Where the file is.
      type: str
      returned: always
    bytes:
      description: Its size.
      type: int
      returned: always
    changed:
      description: Whether it was written.
      type: bool
      returned: always
  sample:
    - format: html
      path: /home/ansible/reports/web.html
      bytes: 94646
      changed: true
hosts:
  description: Number of hosts in the report.
  type: int
  returned: success
  sample: 20
verdicts:
  description: Number of hosts by verdict.
  type: dict
  returned: success
  sample:
    proven: 18
    not reached: 2
states:
  description: Number of endpoints by outcome. IPv4 and IPv6 of one port are two.
  type: dict
  returned: success
  sample:
    closed: 240
    closes now: 0
    closes at boot: 0
    loopback: 4
    kept: 40
    allowed: 0
    filtered: 0
    opens again: 0
    listens: 0
    stays: 31
    refused: 8
    unknown: 0
    failed: 0
findings:
  description: Number of findings, of a baseline or a proof.
  type: int
  returned: success
  sample: 0
differences:
  description: Number of changes since the report in O(since). V(none) without one.
  type: int
  returned: success
  sample: null
notes:
  description: Files and hosts that were passed over, with the reason.
  type: list
  elements: str
  returned: success
  sample:
    - 'notes.json was passed over: it is no result of this collection'
"""
