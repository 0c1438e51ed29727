# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host in a folder of files that `collect` made on it: what they tell is what WMI would have answered. Knows no Ansible."""
