# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Batch files at the console of a simulated host: `run` carries one out, with the programs that its Windows has and no others.

They act on the same host as WMI does. What a script writes below a drive that is mapped is in a folder of this machine.
"""

from winsim.cmd.expansion import NotKnown

from .presence import XP_HOME
from .running import CLOSED, Outcome, run
from .system import Endless

__all__ = ["CLOSED", "XP_HOME", "Endless", "NotKnown", "Outcome", "run"]
