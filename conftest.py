# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install Ansible's importer before any test imports `ansible_collections`.

In the other order Ansible finds no plugin of a collection that plain Python has imported already.
"""

from __future__ import annotations

import os
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

if AnsibleCollectionConfig.collection_finder is None:  # ansible-test brings its own
    _tree = Path(__file__).parent / ".cache"
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(_tree)
    init_plugin_loader([str(_tree)])
