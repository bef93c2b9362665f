"""Which linked memories stand beside the hits."""

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import MemoryId, uuid7
from memsvc.domain.links import LinkType, NewLink, StoredLink
from memsvc.services.recalling.linked import rank_linked
from tests.unit.domain.organising.windows import WEDNESDAY

IDS = [MemoryId(uuid7(WEDNESDAY, no)) for no in range(6)]


def link(one: int, other: int, weight: float) -> StoredLink:
    new = NewLink(from_id=IDS[one], to_id=IDS[other], type=LinkType.RELATED, weight=weight)
    return StoredLink(link=new, recorded_at=WEDNESDAY)


def test_links_are_read_from_either_end_and_the_best_one_counts() -> None:
    hits = {IDS[0]: 0.9, IDS[1]: 0.5}

    ranked = rank_linked([link(2, 0, 0.5), link(1, 2, 1.0), link(3, 1, 0.9)], hits)

    assert [(each.memory_id, each.via.hit, each.score) for each in ranked] == [
        (IDS[2], IDS[1], 0.5),
        (IDS[3], IDS[1], 0.45),
    ]


def test_a_link_between_hits_brings_nothing() -> None:
    assert rank_linked([link(1, 0, 0.9)], {IDS[0]: 1.0, IDS[1]: 0.5}) == []


numbers = st.integers(0, 5)


@given(
    st.lists(st.builds(link, numbers, numbers, st.floats(0.01, 1)), max_size=20),
    st.dictionaries(st.sampled_from(IDS), st.floats(0, 1), max_size=4),
)
def test_each_neighbour_comes_once_and_is_no_hit(
    links: list[StoredLink], hits: dict[MemoryId, float]
) -> None:
    ranked = rank_linked(links, hits)
    ids = [each.memory_id for each in ranked]

    assert len(set(ids)) == len(ids)
    assert not set(ids) & set(hits)
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
