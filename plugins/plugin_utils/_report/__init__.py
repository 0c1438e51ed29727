# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person sees of results: views of hosts, and what is made of them. Asks no host and changes nothing."""
