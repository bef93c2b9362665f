"""The ways in which the graph arm can look for memories."""

from enum import StrEnum


class WalkMode(StrEnum):
    """Where a walk begins, and how it goes on."""

    ENTITIES = "entities"
    """From what the question names alone, each by how few memories mention it (HippoRAG); from the
    hits where it names nothing that tells memories apart. The default."""
    HITS = "hits"
    """From what the other arms found, and what the question names of it."""
    FACTS = "facts"
    """From the ends of the facts nearest to the question, and from the hits (HippoRAG 2)."""
    EPISODES = "episodes"
    """No walk: entities are expanded step by step, and episodes ranked by how much of what is said
    in them that reached (AriGraph)."""
