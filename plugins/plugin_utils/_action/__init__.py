# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The edge: the only package that imports Ansible. Options in, one plain result out.

Every action imports from here first, so that a controller that is too old is told so before anything else is imported.
"""

from __future__ import annotations

from .controller import require_controller

require_controller()
