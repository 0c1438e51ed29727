# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be asked of a host: WMI classes, the command shell, accounts. Knows no SOAP and no HTTP.

`computer.build` makes a whole simulated host of a scenario.
"""
