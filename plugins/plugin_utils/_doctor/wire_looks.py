# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at what came over the wire while the others looked: in which pages lists come, and how long these are."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import EnvelopeLook, Pages, PagesLook

from .ground import Ground
from .verdict import Verdict, confirmed, contradicted, not_seen
from .wmi_looks import NOT_SENT


def look_at_pages(ground: Ground, look: PagesLook) -> Verdict:
    """See how many rows the first answer to an enumeration holds where there are several."""
    if ground.captured:
        return not_seen(NOT_SENT)
    several = [page for page in ground.heard() if page.first and (page.more or page.rows > 1)]
    if not several:
        return not_seen("no list of several rows was read")
    found = [Pages.ONE if page.rows == 1 else Pages.AS_MANY_AS_FIT for page in several]
    other = [page for page, shape in zip(several, found, strict=True) if shape is not look.first]
    if other:
        return contradicted(f"{look.first} in a first answer", f"{other[0].rows} rows in {len(other)} of {len(found)}")
    return confirmed(f"{look.first} in each of {len(found)} first answers")


def look_at_envelope(ground: Ground, look: EnvelopeLook) -> Verdict:
    """See how long pages are that others follow, and the longest answer of all."""
    if ground.captured:
        return not_seen(NOT_SENT)
    pages = ground.heard()
    full = [page.size for page in pages if not page.first and page.more and page.rows != look.most_rows]
    if full and min(full) < look.at_least:
        return contradicted(f"pages of {look.at_least} bytes and more", f"one of {min(full)} bytes, and more to come")
    longest = max((page.size for page in pages), default=0)
    if full or longest >= look.at_least:
        return confirmed(f"{longest} bytes in one answer")
    return not_seen(f"no answer needed {look.at_least} bytes; the longest had {longest}")
