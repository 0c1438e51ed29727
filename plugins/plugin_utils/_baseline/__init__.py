# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may listen, as one file says it: reading it, writing a first one, and how hosts differ from it. Asks no host."""
