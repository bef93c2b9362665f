"""Prompts: versioned files of this package, with their id, version and purpose on top."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FENCE = "---"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is told about a task; what is worked on comes as data, never inside it."""

    id: str
    version: int
    purpose: str
    text: str


@cache
def load_prompt(prompt_id: str) -> Prompt:
    """Return the prompt of this name.

    Raises ``FileNotFoundError`` for an unknown one, ``ValueError`` for a file without its head.
    """
    content = (files("memsvc.llm.prompts") / f"{prompt_id}.md").read_text(encoding="utf-8")
    before, head, text = content.split(f"{_FENCE}\n", 2)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    if before or fields.get("id") != prompt_id:
        raise ValueError(f"{prompt_id}.md does not begin with its own id")
    return Prompt(
        id=prompt_id, version=int(fields["version"]), purpose=fields["purpose"], text=text.strip()
    )
