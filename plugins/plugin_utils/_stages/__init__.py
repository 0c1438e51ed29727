# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is managed: one pure file per stage, and what they share.

Reads through `Reader`, compares values, returns plans. Nothing here knows a wire, a connection or Ansible.
"""
