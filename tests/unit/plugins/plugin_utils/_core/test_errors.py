# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an error says is safe to show, whoever made it and whatever of a host it quotes."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import LONGEST_LINE, NetminError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NetminError)]
FORGED = "x\r\nok: [web02]\u2028 \x1b[2J \u202eexe.\u2066" + "y" * 300_000
NEEDED = {"host": "web01", "code": 5, "subcode": "", "return_value": 2}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_host_forges_no_line_of_an_error(kind: type[NetminError]) -> None:
    wanted = kind.__init__.__code__.co_varnames[: kind.__init__.__code__.co_argcount + kind.__init__.__code__.co_kwonlyargcount]
    error = kind(f"service '{FORGED}' is not there", **{name: value for name, value in NEEDED.items() if name in wanted})
    assert str(error).startswith("service 'x ok: [web02] ?[2J ?exe.?yyy")
    assert len(str(error)) <= LONGEST_LINE
    assert str(error).isprintable()


def test_lines_of_ours_stay_lines() -> None:
    assert str(NetminError("2 refusals:", "- a\nb", "- c")) == "2 refusals:\n- a b\n- c"
