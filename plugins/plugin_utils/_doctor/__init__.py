# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor: what is assumed of Windows, held against a host. Asks it through a reader, and knows no Ansible."""
