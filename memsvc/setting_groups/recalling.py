"""Settings of the read path."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from memsvc.setting_groups.group import SettingsGroup


class GraphSettings(SettingsGroup):
    """The graph arm of recall (docs/decisions/0016-graph-arm.md)."""

    enabled: bool = True
    """Whether it takes part where a request names no arms."""
    budget_ms: Annotated[float, Field(gt=0)] = 100.0
    """After so long the arm is skipped and the answer says so."""
    walk_weight: Annotated[float, Field(ge=0)] = 2.0
    """Of the walk in rank fusion, beside 1 for the other arms."""
    follow_probability: Annotated[float, Field(gt=0, le=0.99)] = 0.5
    """Of following an edge instead of going back to the seeds."""
    candidates: Annotated[int, Field(ge=1)] = 100
    mode: Literal["entities", "hits", "facts", "episodes"] = "entities"
    """How the arm looks for memories where a request does not say."""
    least_fact_cosine: Annotated[float, Field(ge=-1, le=1)] = 0.35
    """Of facts that a walk of the mode `facts` begins from, if no model chooses them."""
    passage_weight: Annotated[float, Field(ge=0, le=10)] = 0.05
    """Of the hits' scores beside the weights of facts' ends, in the mode `facts` (HippoRAG 2)."""
    choose_facts: bool = False
    """Whether the language model chooses them, where one is configured: one call a question."""
    synonym_weight: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Of the edge between two entities whose names mean about the same, times the cosine, beside 1
    for a mention; 0 compares no names (docs/decisions/0033-walks.md)."""
    episode_weight: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Of the edge between a memory and its episode; 0 leaves episodes out of walks."""


class RecallSettings(SettingsGroup):
    """Defaults of the read path."""

    fusion: Literal["ranks", "scores"] = "ranks"
    """How the arms' findings are put together: by reciprocal ranks, or by their scores as shares of
    each arm's best (docs/decisions/0049-fusion-of-arms.md)."""
    rrf_k: Annotated[int, Field(ge=1)] = 10
    """Rank constant of reciprocal rank fusion (Cormack et al., SIGIR 2009, who take 60).

    With two arms a small constant, which lets the first ranks stand out, measured better on every
    set (docs/decisions/0008-rank-constant.md).
    """
    dense_weight: Annotated[float, Field(ge=0)] = 1.0
    lexical_weight: Annotated[float, Field(ge=0)] = 1.0
    episode_weight: Annotated[float, Field(ge=0)] = 2.0
    """Of what a memory and those beside it say together (docs/decisions/0031-episode-arm.md)."""
    contiguity_weight: Annotated[float, Field(ge=0)] = 0.5
    """Of standing beside one of the best in its episode; 0 does not look
    (docs/decisions/0053-contiguity-by-default.md)."""
    links_weight: Annotated[float, Field(ge=0)] = 0.0
    """Of being linked to one of the best; 0 reads no links."""
    reply_weight: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Of an assistant's replies where the asker's own words are asked for; 1 weighs them alike
    (docs/decisions/0046-whose-words.md)."""
    retention_weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of its score that a memory loses which retains nothing by its bank's policy; 0 leaves
    retention to sweeps (docs/decisions/0048-bounded-factors.md)."""
    importance_weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of its score that a memory loses whose metadata has the number ``importance`` 0; 1, or
    none, loses nothing. 0 does not look at metadata."""
    candidates_per_arm: Annotated[int, Field(ge=1)] = 100
    further_weight: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Of each query, clue or round that a language model adds to a question, beside 1 for that
    and for rounds that helped."""
    further_hits: Annotated[int, Field(ge=1, le=50)] = 5
    """So many of the best of each count (MemoRAG takes 3): what is far down says little."""
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of its score that a near-duplicate of a better hit loses; 0 leaves them where they are
    (docs/decisions/0038-order-diversity-and-stages.md)."""
    graph: GraphSettings = GraphSettings()
    answerable_weights: Path | None = None
    """Weights for judging whether a question is answered, of a training of your own
    (`python -m bench abstention --weights FILE`); the shipped ones unless given."""
    bm25_k1: Annotated[float, Field(ge=0)] = 1.2
    bm25_b: Annotated[float, Field(ge=0, le=1)] = 0.75


class RerankSettings(SettingsGroup):
    """A cross-encoder that requests can ask for (`rerank`); none unless one is named here."""

    provider: Literal["none", "onnx", "litellm"] = "none"
    """``onnx``: in this process; ``litellm``: hosted."""
    model: str = "hub:cross-encoder/ms-marco-MiniLM-L6-v2"
    """``folder:/path`` or ``hub:org/name`` (`memsvc models install` fetches it); with ``litellm``
    its model string, such as ``cohere/rerank-v3.5``."""
    candidates: Annotated[int, Field(ge=1, le=200)] = 30
    """How many of the best are read."""
    weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Of the cross-encoder's word; the rest is the ranking's."""
    budget_ms: Annotated[float, Field(gt=0)] = 1_000.0
    """After so long the order stays as it was, and the answer says so."""
    batch_tokens: Annotated[int, Field(ge=64)] = 2_048
    """Padded tokens of one inference here."""
    api_base: str | None = None
    api_key: SecretStr | None = None
    usd_per_million_tokens: Annotated[float | None, Field(ge=0)] = None
    """Of a hosted model; without it, litellm's price list says what it costs, if it knows."""


class RewriteSettings(SettingsGroup):
    """Further queries and clues by the language model, where a request asks (`rewrite`)."""

    most_queries: Annotated[int, Field(ge=0, le=10)] = 3
    most_clues: Annotated[int, Field(ge=0, le=10)] = 3
    budget_s: Annotated[float, Field(gt=0)] = 10.0
    """After so long only the question itself is asked."""


class IterateSettings(SettingsGroup):
    """Search in rounds, with notes by the language model, where a request asks (`iterate`)."""

    most_rounds: Annotated[int, Field(ge=1, le=10)] = 3
    hits: Annotated[int, Field(ge=1, le=50)] = 5
    """Memories that a round reads at most."""
    most_misses: Annotated[int, Field(ge=1)] = 2
    """Rounds that add nothing, before it ends."""
    most_tokens: Annotated[int, Field(ge=1)] = 8_000
    """Of all that rounds read and note, as budgets are counted."""
    budget_s: Annotated[float, Field(gt=0)] = 30.0


class SiftSettings(SettingsGroup):
    """Hits left out by the language model, where a request asks (`sift`)."""

    most_tokens: Annotated[int, Field(ge=1)] = 8_000
    """Of the question and all hits, as budgets are counted; of more, none is left out."""
    budget_s: Annotated[float, Field(gt=0)] = 10.0
    """After so long every hit stays, and the answer says so."""


class RecordingSettings(SettingsGroup):
    """Which recalls are recorded, and for how long (docs/decisions/0028-recorded-recalls.md)."""

    sample: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the recalls that do not say themselves whether to be recorded."""
    keep_days: Annotated[float, Field(gt=0)] = 30.0
    """Then the hourly tidying removes them."""
    queue: Annotated[int, Field(ge=1)] = 1_000
    """Recalls that may wait to be written; more are dropped and counted."""
    batch: Annotated[int, Field(ge=1, le=1_000)] = 100
    """Written together."""
    interval_s: Annotated[float, Field(gt=0)] = 1.0
