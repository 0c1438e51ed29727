# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated Windows host: `host/` is state, `providers/` are WMI classes over it, `wire/` speaks SOAP.

Imports `_core` and, of `_wsman`, the constants only. It must not know stages, knowledge or session:
a tester must not borrow the answers.
"""
