# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host in a file: what a host answered to the reads of this collection, kept as values, and answered again. Knows no Ansible."""
