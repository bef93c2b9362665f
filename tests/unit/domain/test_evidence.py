"""Which words bear facts and thoughts; without such words, there is no evidence."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.evidence import evidence_of_fact, evidence_of_thought
from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import claims_of, read_claims
from memsvc.domain.facts.settling import Fact, FactId
from memsvc.domain.memory import Memory, MemoryState, ScopeKeys
from memsvc.domain.organising.self_statements import read_self_statements
from memsvc.domain.thoughts.records import MERGED_BY_RULES, Thought
from memsvc.domain.thoughts.thinking import RULES, read_thoughts
from tests.unit.domain.context.memories import NOON, a_memory

ECHO = (
    "<memory boundary=abcdef>\n"
    "[1] Tue 2024-05-07 12:00: Ada plays chess.\n"
    "</memory boundary=abcdef>"
)
TALK = (
    f"Hello, Dr. Li! {ECHO}  By the way, I live in Lisbon.\n"
    "My dentist is Dr. Clara. I play the cello."
)


def a_fact(claim: Claim, *, origin: str | None = None) -> Fact:
    return Fact(
        id=FactId(UUID(int=1)),
        memory_id=a_memory(0).id,
        claim=claim,
        valid_to=None,
        superseded_by=None,
        stands=True,
        origin=origin,
    )


def given_fact(subject: str, value: str) -> Fact:
    claim = Claim(
        subject=subject,
        predicate="knows",
        object=value,
        valid_from=NOON,
        said_at=NOON,
        rule="given:m",
    )
    return a_fact(claim, origin="m")


def a_thought(text: str, made_by: str, claim: Claim | None = None, frame: str = "") -> Thought:
    return Thought(
        memory_id=a_memory(9).id,
        state=MemoryState.ACTIVE,
        text=text,
        keys=ScopeKeys(),
        occurred_at=NOON,
        expires_at=None,
        pinned=False,
        claim=claim,
        head=None,
        frame=frame,
        listed=1,
        made_by=made_by,
        needs_all=False,
        superseded_by=None,
        stood=True,
        retired=False,
    )


def words(fact: Fact, memory: Memory) -> list[str]:
    return [memory.text[e.start : e.end] for e in evidence_of_fact(fact, memory)]


def thought_words(thought: Thought, *sources: Memory) -> list[str]:
    texts = {each.id: each.text for each in sources}
    found = evidence_of_thought(thought, sources)
    return [texts[each.memory_id][each.start : each.end] for each in found]


def test_what_rules_read_is_borne_by_the_sentence_that_claims_it() -> None:
    memory = a_memory(0, TALK)
    found = {each.object: a_fact(each) for each in claims_of(TALK, memory.occurred_at, "Ada")}

    assert words(found["lisbon"], memory) == ["By the way, I live in Lisbon."]
    assert words(found["cello"], memory) == ["I play the cello."]
    assert words(found["lisbon"], a_memory(0, "I live in Porto.")) == []
    assert words(found["lisbon"], a_memory(0, ECHO.replace("plays chess", "lives in Lisbon"))) == []


def test_both_ends_of_what_was_given_have_to_stand_there() -> None:
    memory = a_memory(0, "Good morning. We met Bob Miller. I told him of the Tower of Belém!")

    assert words(given_fact("bob miller", "tower of belem"), memory) == [
        "We met Bob Miller.",
        "I told him of the Tower of Belém!",
    ]
    assert words(given_fact("ada", "bob miller"), memory) == ["We met Bob Miller."]
    assert words(given_fact("carla", "bob miller"), memory) == []
    assert words(given_fact("bob miller", "vienna"), memory) == []


def test_a_thought_of_the_rules_is_borne_by_every_source_that_says_it() -> None:
    one, other = a_memory(0, TALK), a_memory(1, "I moved. I live in Lisbon!")
    [(found, _), *_] = read_thoughts(TALK, one.occurred_at, "Ada")
    thought = a_thought(found.text, RULES, found.claim)

    assert thought_words(thought, one, other) == [
        "By the way, I live in Lisbon.",
        "I live in Lisbon!",
    ]
    assert thought_words(thought, a_memory(2, "Ada may well be in Lisbon.")) == []


def test_a_list_is_borne_by_all_that_it_lists_or_not_at_all() -> None:
    one, other = a_memory(0, "I play chess."), a_memory(1, "Well, I play the cello a lot.")
    thought = a_thought("Ada plays chess, the cello.", MERGED_BY_RULES, frame="Ada plays")

    assert thought_words(thought, one, other) == ["I play chess.", "Well, I play the cello a lot."]
    longer = replace(thought, text="Ada plays chess, golf, polo, darts, whist, tennis, cricket.")
    assert thought_words(longer, one) == []


def test_what_a_model_made_takes_a_third_of_its_words_from_its_sources() -> None:
    one, other = a_memory(0, "It rains. I am afraid of water."), a_memory(1, "I never board boats.")
    thought = a_thought("Ada avoids boats because water frightens her.", "model")

    assert thought_words(thought, one, other) == ["I am afraid of water.", "I never board boats."]
    assert thought_words(replace(thought, text="Ada collects stamps."), one, other) == []
    assert thought_words(thought, a_memory(2, ECHO)) == []


@given(
    st.lists(
        st.sampled_from(
            ["I live in Lisbon. ", "Dr. Ana Li. ", "My wife is Dr. Eva Li!", "\n", " ", ECHO, "?"]
        )
        | st.text(max_size=5)
    ).map("".join)
)
def test_spans_are_sentences_of_the_text(text: str) -> None:
    read = [span for _, span in read_claims(text, NOON, "Ada")]
    read += [span for _, span in read_self_statements(text)]
    read += [span for _, span in read_thoughts(text, NOON, "Ada")]
    for start, end in read:
        said = text[start:end]
        assert said == said.strip() != ""
        assert "memory boundary" not in said
        assert "Lisbon" in said or "wife" in said
