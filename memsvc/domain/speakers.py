"""Who speaks where speakers are named by their part: the user, and who replies."""

USERS = frozenset({"user", "human", "me"})
ASSISTANTS = frozenset({"assistant", "ai", "agent", "bot", "system", "tool", "model"})
ASSISTANT_SPELLINGS = sorted(
    {spelt for name in ASSISTANTS for spelt in (name, name.title(), name.upper())}
)
"""As which assistants are looked up; others are told by ``is_assistant`` alone."""


def folded(name: str | None) -> str:
    """Return a speaker's name in the form in which names are compared."""
    return " ".join((name or "").casefold().split())


def is_assistant(name: str | None) -> bool:
    """Tell whether a speaker of this name is an assistant or one of its tools."""
    return folded(name) in ASSISTANTS
