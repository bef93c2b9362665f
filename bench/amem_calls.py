"""What organising the same turns takes by A-MEM's procedure: two calls of a model for each turn.

Xu et al., "A-MEM: Agentic Memory for LLM Agents" (arXiv 2502.12110), as its published code goes:
one call makes the note, another looks at it beside its five nearest notes, for links and
evolution. The tasks are told here in our own words, about as long as the tasks need; what the
calls bring with them is the turns themselves.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memsvc.domain.organising.extraction import Window, WindowItem
from memsvc.domain.organising.rules import extract_by_rules
from memsvc.ports import Embedder, TokenCounter

NEIGHBOURS = 5
_NOTE_TASK = (
    "Read the text below, which is part of a conversation, and describe it for later search."
    " Give at least three keywords, the most telling first, without the speaker's name and the"
    " time; one sentence of context that says the topic, the main points and what it is for;"
    " and at least three broad tags for its domain, form and type. Answer as JSON with the"
    " members keywords, context and tags."
)
_EVOLVE_TASK = (
    "You look after a memory of notes that are linked and change as new ones come. Below are"
    " a new note, with its context and keywords, and the notes nearest to it. Decide whether"
    " the memory should change. If so, say which of these is to be done: strengthen, which"
    " links the new note to some of the nearest ones and gives it new tags; or"
    " update_neighbor, which gives nearest notes a new context and new tags in the light of"
    " what the new note says. Give suggested_connections as the notes to link to,"
    " tags_to_update for the new note, and new_context_neighborhood and new_tags_neighborhood"
    " with an entry for each of the nearest notes in their order; repeat the old values where"
    " nothing changes. Answer as JSON with exactly these members and should_evolve and"
    " actions."
)
_STRINGS = {"type": "array", "items": {"type": "string"}}
_NOTE_SCHEMA = {
    "type": "object",
    "properties": {"keywords": _STRINGS, "context": {"type": "string"}, "tags": _STRINGS},
    "required": ["keywords", "context", "tags"],
    "additionalProperties": False,
}
_EVOLVE_MEMBERS = {
    "should_evolve": {"type": "boolean"},
    "actions": _STRINGS,
    "suggested_connections": _STRINGS,
    "tags_to_update": _STRINGS,
    "new_context_neighborhood": _STRINGS,
    "new_tags_neighborhood": {"type": "array", "items": _STRINGS},
}
_EVOLVE_SCHEMA = {
    "type": "object",
    "properties": _EVOLVE_MEMBERS,
    "required": list(_EVOLVE_MEMBERS),
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompted:
    """What calls bring with them, in tokens."""

    calls: int
    prompt_tokens: int
    """Of the messages."""
    schema_tokens: int
    """Of the schemas of the answers, which providers count as well."""

    def __add__(self, other: "Prompted") -> "Prompted":
        """Return both together."""
        return Prompted(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            schema_tokens=self.schema_tokens + other.schema_tokens,
        )

    @property
    def all_tokens(self) -> int:
        """Messages and schemas."""
        return self.prompt_tokens + self.schema_tokens


async def amem_calls(
    turns: Sequence[WindowItem], embedder: Embedder, tokens: TokenCounter
) -> Prompted:
    """Return what A-MEM's calls for the turns of one conversation bring, which come in order.

    Annotations of the notes that are shown again are those of our rules: keywords, tags and a
    sentence, of the lengths that the procedure asks for.
    """
    if not turns:
        return Prompted(calls=0, prompt_tokens=0, schema_tokens=0)
    shown = [_shown(each) for each in turns]
    said = tokens.count([_said(each) for each in turns])
    notes = tokens.count(shown)
    embedded = await embedder.embed_documents([each.text for each in turns])
    vectors = np.stack([windows[0] for windows in embedded])
    note_task, evolve_task = tokens.count([_NOTE_TASK, _EVOLVE_TASK])
    schemas = sum(tokens.count([json.dumps(_NOTE_SCHEMA), json.dumps(_EVOLVE_SCHEMA)]))
    # The first note has no neighbours and needs no second call.
    prompt = sum(said) + len(turns) * note_task
    for place in range(1, len(turns)):
        scores = vectors[:place] @ vectors[place]
        near = np.argsort(-scores)[:NEIGHBOURS]
        prompt += evolve_task + notes[place] + sum(notes[each] for each in near.tolist())
    evolve_schema = tokens.count([json.dumps(_EVOLVE_SCHEMA)])[0]
    return Prompted(
        calls=2 * len(turns) - 1,
        prompt_tokens=prompt,
        schema_tokens=len(turns) * schemas - evolve_schema,
    )


def _said(turn: WindowItem) -> str:
    return f"{turn.speaker} says: {turn.text}" if turn.speaker else turn.text


def _shown(turn: WindowItem) -> str:
    extracted = extract_by_rules(Window(items=[turn])).items[0].annotations
    return (
        f"memory {turn.handle}, talked at {turn.occurred_at:%Y%m%d%H%M}: {_said(turn)}"
        f" context: {extracted.context} keywords: {list(extracted.keywords)}"
        f" tags: {list(extracted.tags)}"
    )
