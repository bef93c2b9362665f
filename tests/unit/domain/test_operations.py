"""Effects of operations: put together and turned round."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import MemoryState
from memsvc.domain.operations import (
    Aspect,
    Effect,
    compacted,
    link_effect,
    state_after_undo,
    state_effect,
)

STATES = [state.value for state in MemoryState]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(STATES)), max_size=12))
def test_many_steps_count_as_one_from_the_first_to_the_last(
    steps: list[tuple[int, str]],
) -> None:
    now = dict.fromkeys(range(4), "active")
    effects = []
    for number, state in steps:
        effects.append(state_effect(MemoryId(UUID(int=number)), now[number], state))
        now[number] = state

    kept = compacted(effects)

    assert {each.target_id.int: each.after for each in kept} == {
        number: state for number, state in now.items() if state != "active"
    }
    assert all(each.before == "active" for each in kept)


def test_links_of_one_memory_are_told_apart() -> None:
    one, two, three = (MemoryId(UUID(int=n)) for n in (1, 2, 3))
    added = [
        link_effect(NewLink(from_id=one, to_id=other, type=LinkType.RELATED), is_added=True)
        for other in (two, three)
    ]
    removed = added[0].inverse
    assert compacted([*added, removed]) == [added[1]]
    assert added[0].key == removed.key


def test_an_effect_turned_round_twice_is_itself() -> None:
    effect = Effect(aspect=Aspect.PINNED, target_id=UUID(int=1), before=False, after=True)
    assert effect.inverse.inverse == effect


def test_what_an_operation_made_is_archived_when_it_is_undone() -> None:
    made = state_effect(MemoryId(UUID(int=1)), None, "active")
    assert state_after_undo(made) is MemoryState.ARCHIVED
