"""Graph expansion and the search of episodes."""

import math
from collections import Counter
from collections.abc import Collection

import pytest

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.expansion import ExpansionSettings, expand
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.memberships import Memberships
from memsvc.domain.graph.mentions import MentionGraph
from memsvc.domain.graph.walk_graph import Walked
from memsvc.errors import NoSeedsError

ANNA, BEN, PARIS, ROME, TEA = (EntityForm(e) for e in ("anna", "ben", "paris", "rome", "tea"))
TOLD: dict[str, tuple[str | None, list[EntityForm]]] = {
    "said": ("monday", [ANNA, BEN]),
    "answered": ("monday", [TEA]),
    "noted": (None, [BEN, PARIS]),
    "apart": ("tuesday", [ROME]),
}


def expanded(
    seeds: Collection[EntityForm], settings: ExpansionSettings | None = None
) -> list[Walked[str]]:
    graph: MentionGraph[str] = MentionGraph()
    episodes: Memberships[str, str] = Memberships()
    for source, (episode, forms) in TOLD.items():
        graph.put(source, Extracted(subjects=frozenset(), mentions=Counter(forms)))
        episodes.put(source, episode)
    chosen = settings or ExpansionSettings()
    return expand(graph, dict.fromkeys(seeds, 1.0), episodes.beside, chosen, lambda: None)


def test_episodes_are_ranked_by_how_much_of_them_was_reached() -> None:
    """From anna: 2 of monday's 3 statements, and 1 of the 2 of a note that is its own episode."""
    found = {each.source: each.score for each in expanded([ANNA])}
    monday, note = 2 / 3 * math.log1p(3), 1 / 2 * math.log1p(2)
    assert found == pytest.approx({"said": 1.0, "answered": 0.5, "noted": note * 0.75 / monday})


def test_an_episode_of_a_single_statement_counts() -> None:
    """AriGraph's factor ln N leaves it out."""
    assert [each.source for each in expanded([ROME])] == ["apart"]


def test_depth_and_width_bound_how_far_it_goes() -> None:
    one = ExpansionSettings(depth=1)
    assert {each.source for each in expanded([ANNA], one)} == {"said", "answered"}
    narrow = ExpansionSettings(depth=1, width=1)
    assert {each.source for each in expanded([ANNA, ROME], narrow)} == {"said", "answered"}


def test_the_way_is_told_also_to_what_its_episode_alone_speaks_for() -> None:
    ways = {each.source: [step.key for step in each.path] for each in expanded([ANNA])}
    assert ways["noted"] == ["anna", "said", "ben", "noted"]
    assert ways["answered"] == ["anna", "said", "answered"]


def test_what_leads_everywhere_or_nowhere_is_no_seed() -> None:
    for seeds in ([], [EntityForm("nobody")]):
        with pytest.raises(NoSeedsError):
            expanded(seeds)
    with pytest.raises(NoSeedsError):
        expanded([BEN], ExpansionSettings(widest_entity=1))


def test_an_episode_that_all_have_left_is_gone() -> None:
    episodes: Memberships[str, str] = Memberships()
    episodes.put("a", "monday")
    episodes.put("b", "monday")
    assert set(episodes.beside("a")) == {"a", "b"}
    episodes.put("a", "tuesday")
    episodes.put("b", None)
    assert (set(episodes.beside("a")), set(episodes.beside("b"))) == ({"a"}, {"b"})
    assert episodes.episode_of("b") is None
