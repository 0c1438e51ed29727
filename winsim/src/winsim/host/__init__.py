# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of one Windows host, and what changes it: registry, services, drivers, processes, sockets, boots.

Has never heard of WMI, WS-Man or the command shell; `providers/` put those over it.
"""
