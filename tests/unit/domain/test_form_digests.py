"""Digests of documents, from the form and from the index made of it."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.form_digests import form_digest, segment_digests
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import Segment, memory_ids
from memsvc.domain.lexical import LexicalForm

_TERMS = st.dictionaries(
    st.text("abcß北", min_size=1, max_size=4), st.integers(1, 100_000), max_size=8
)


@st.composite
def forms(draw: st.DrawFn) -> LexicalForm:
    counted = draw(_TERMS)
    terms = tuple(sorted(counted))
    return LexicalForm(
        language=draw(st.sampled_from(["en", "zh", "xx"])),
        length=draw(st.integers(0, 10**6)),
        terms=terms,
        counts=tuple(counted[term] for term in terms),
    )


@given(st.lists(forms(), max_size=6))
def test_index_and_forms_have_the_same_digests(drawn: list[LexicalForm]) -> None:
    by_id = {MemoryId(UUID(int=number)): form for number, form in enumerate(drawn)}
    segment = Segment.build(by_id)
    found = dict(
        zip(memory_ids(segment.documents.keys), segment_digests(segment).tolist(), strict=True)
    )
    assert found == {memory_id: form_digest(form) for memory_id, form in by_id.items()}


@given(forms(), forms())
def test_other_forms_have_other_digests(one: LexicalForm, other: LexicalForm) -> None:
    def counted(form: LexicalForm) -> tuple[object, ...]:
        language = form.language if form.language != "xx" else ""
        return (language, form.length, form.terms, tuple(min(c, 65_535) for c in form.counts))

    assert (form_digest(one) == form_digest(other)) == (counted(one) == counted(other))
