# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated Windows hosts: `host/` is state, `cmd/` the command shell, `providers/` are WMI classes over both, `wire/` speaks SOAP.

It imports nothing of any client of WinRM: who is tested by it must not lend it the answers.
"""
