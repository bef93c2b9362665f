"""Every setting, its default and where the default comes from. Read once, in ``bootstrap``.

Environment variables start with ``MEMSVC_``; nested ones join with two underscores
(``MEMSVC_EMBEDDING__THREADS=2``).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(_Group):
    """Pool and time limits of PostgreSQL connections."""

    pool_size: Annotated[int, Field(ge=1)] = 10
    pool_overflow: Annotated[int, Field(ge=0)] = 10
    connect_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    statement_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    lock_timeout_s: Annotated[float, Field(gt=0)] = 10.0


class EmbeddingSettings(_Group):
    """Which encoder turns text into vectors."""

    provider: Literal["onnx", "litellm"] = "onnx"
    model: str = "all-MiniLM-L6-v2"
    """Built-in name, ``folder:/path`` or ``hub:org/name``; with ``litellm`` its model string."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Threads of one inference; 0 takes the physical cores."""
    batch_tokens: Annotated[int, Field(ge=64)] = 512
    """Padded tokens of one inference: bounds memory, and how long a query waits behind documents.

    Measured (docs/decisions/0003-local-embeddings.md): larger batches are slower, too."""
    dimension: int | None = None
    """Needed for hosted models, whose dimension cannot be read from a file."""
    window_tokens: int = 8191
    """Hosted models only: how many tokens of a text one vector sees."""
    query_prefix: str = ""
    document_prefix: str = ""
    api_base: str | None = None
    api_key: SecretStr | None = None
    timeout_s: Annotated[float, Field(gt=0)] = 30.0


class TokenSettings(_Group):
    """Whose tokens budgets are counted in (docs/decisions/0024-context.md)."""

    model: str = "encoder"
    """``encoder``: as the local encoder counts, on the safe side; an OpenAI model or encoding
    (``gpt-4o``, ``o200k_base``; extra ``llm``); or ``file:/path/to/tokenizer.json``."""
    remembered: Annotated[int, Field(ge=0)] = 100_000
    """Counts of so many texts are kept, 100 bytes each."""


class HnswSettings(_Group):
    """Approximate indexes of large banks where pgvector answers; `memsvc db indexes` keeps them.

    Measured (docs/decisions/0014-pgvector-hnsw.md): the exact plan takes 1.6 µs per vector.
    """

    from_vectors: Annotated[int, Field(ge=100)] = 20_000
    """A bank gets an index from this many vectors of a model, and keeps it down to half of it."""
    most_indexes: Annotated[int, Field(ge=0, le=500)] = 200
    """In all; beyond, smaller banks are refused one. Each costs every query on the table locks and
    planning time."""
    ef_search: Annotated[int, Field(ge=10, le=1000)] = 200
    """Breadth of a search at least; raised with what is asked for."""
    least_share: Annotated[float, Field(ge=0.1, le=1)] = 0.5
    """A filter that lets less of the bank through than this is answered exactly."""
    build_memory_mb: Annotated[int, Field(ge=16)] = 256
    """`maintenance_work_mem` of a build; what does not fit is built several times slower."""


class IndexSettings(_Group):
    """The derived indexes behind the arms of recall."""

    backend: Literal["faiss_cpu", "faiss_gpu", "exact", "pgvector", "server"] = "faiss_cpu"
    """``server``: the vectors are held by an index server (`memsvc index serve`)."""
    server_url: str | None = None
    """Where the index server listens: ``tcp://host:port`` or ``unix:///path``."""
    server_secret: SecretStr | None = None
    """Shared with the index server; at least what it asks for."""
    server_connect_timeout_s: Annotated[float, Field(gt=0)] = 0.5
    server_timeout_s: Annotated[float, Field(gt=0)] = 2.0
    """For one answer of the index server; later, PostgreSQL answers."""
    server_rebuild_wait_s: Annotated[float, Field(ge=0)] = 30.0
    """How long a rebuild waits for the index server; it loads the bank in any case."""
    overlay_changes: Annotated[int, Field(ge=1)] = 1_000
    """So many changes that the index server lacks are made up for within a recall."""
    overlay_wait_s: Annotated[float, Field(ge=0)] = 0.2
    """With more changes, a recall waits so long for the index server, then PostgreSQL answers."""
    max_resident_memories: Annotated[int, Field(ge=1000)] = 2_000_000
    """Least recently used banks leave memory past this many memories in all."""
    snapshots: bool = True
    """Keep copies of large banks' indexes in the data folder, so that a restart need not load."""
    snapshot_min_memories: Annotated[int, Field(ge=1)] = 2_000
    """Smaller banks load as fast from the database."""
    snapshot_after_changes: Annotated[int, Field(ge=1)] = 5_000
    """A snapshot is written anew after so many changes, and when the service stops."""
    snapshot_max_mib: Annotated[int, Field(ge=1)] = 20_480
    """Disk for all snapshots; those that were not used for longest go."""
    reload_after_changes: Annotated[int, Field(ge=100)] = 50_000
    """A bank further behind than this is loaded afresh instead of caught up."""
    hnsw: HnswSettings = HnswSettings()
    check_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of dense answers that are compared with the exact ones afterwards; 0 compares none."""
    check_k: Annotated[int, Field(ge=1, le=1000)] = 10
    """So many of the best are compared."""
    check_queue: Annotated[int, Field(ge=1)] = 16
    """Answers that may wait to be compared; more are dropped and counted."""
    check_interval_s: Annotated[float, Field(gt=0)] = 1.0
    """At most one answer is compared in this time."""
    check_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """For one comparison; an exact answer takes 1.6 µs per vector of the bank."""
    check_least_recall: Annotated[float, Field(ge=0, le=1)] = 0.99
    """A warning is logged when the mean falls below it; what approximate structures promise."""
    check_report_s: Annotated[float, Field(gt=0)] = 60.0
    """The mean is taken over so long, and one warning at most is logged."""
    serve_backend: Literal["faiss_cpu", "faiss_gpu", "exact"] = "faiss_cpu"
    """What `memsvc index serve` holds vectors in."""
    serve_address: str = "tcp://127.0.0.1:8702"
    """Where it listens: ``unix:///path`` or ``tcp://host:port``."""
    serve_secret: SecretStr | None = None
    """At least 16 bytes, the same on both sides; needed where other machines reach the server."""
    serve_database_url: SecretStr | None = None
    """A login that may act as ``memsvc_index``; defaults to ``database_url``."""
    snapshot_folder: Path | None = None
    """Where it keeps snapshots; without a folder it reads everything from PostgreSQL at start."""
    save_every_s: Annotated[float, Field(gt=0)] = 300.0
    poll_s: Annotated[float, Field(gt=0)] = 0.05
    """How often it asks for changes when nothing tells it of them (LISTEN does not work through a
    transaction-pooling proxy); a recall makes up for those in between."""
    poll_listening_s: Annotated[float, Field(gt=0)] = 1.0
    """How often it asks nevertheless while writers tell it: an announcement may be lost."""


class LanguageModelSettings(_Group):
    """The language model that organises memories; without one, rules do."""

    model: str | None = None
    """As litellm writes it: ``provider/model``."""
    api_base: str | None = None
    api_key: SecretStr | None = None
    """Without one, litellm looks in the provider's own environment variable."""
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """For one answer, repetitions included."""
    most_output_tokens: Annotated[int, Field(ge=256)] = 8_000
    tokens_per_day: Annotated[int | None, Field(ge=0)] = None
    """Of one tenant, question and answer together; beyond, organising waits for the next day."""
    usd_per_day: Annotated[float | None, Field(ge=0)] = None


class RerankSettings(_Group):
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


class RewriteSettings(_Group):
    """Further queries and clues by the language model, where a request asks (`rewrite`)."""

    most_queries: Annotated[int, Field(ge=0, le=10)] = 3
    most_clues: Annotated[int, Field(ge=0, le=10)] = 3
    budget_s: Annotated[float, Field(gt=0)] = 10.0
    """After so long only the question itself is asked."""


class IterateSettings(_Group):
    """Search in rounds, with notes by the language model, where a request asks (`iterate`)."""

    most_rounds: Annotated[int, Field(ge=1, le=10)] = 3
    hits: Annotated[int, Field(ge=1, le=50)] = 5
    """Memories that a round reads at most."""
    most_misses: Annotated[int, Field(ge=1)] = 2
    """Rounds that add nothing, before it ends."""
    most_tokens: Annotated[int, Field(ge=1)] = 8_000
    """Of all that rounds read and note, as budgets are counted."""
    budget_s: Annotated[float, Field(gt=0)] = 30.0


class ReembedSettings(_Group):
    """Moving banks to another embedding model."""

    samples: Annotated[int, Field(ge=1, le=1000)] = 50
    """Stored texts that both models are asked for before one replaces the other."""
    least_overlap: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Mean share of the nearest ten that both must find. Good models differ in most of theirs on
    some texts; a broken one shares next to nothing."""
    most_lost: Annotated[float, Field(ge=0, le=1)] = 0.05
    """By how much the share of texts that find themselves may fall."""
    keep_retired_days: Annotated[float, Field(ge=0)] = 7.0
    """How long a bank can go back; then the hourly tidying removes the old vectors."""


class ErasureSettings(_Group):
    """Erasing people's data (docs/decisions/0027-erasure.md)."""

    backup_days: Annotated[int, Field(ge=0)] = 30
    """How long backups are kept, as receipts say; the service itself makes none."""


class GraphSettings(_Group):
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


class OrganiseSettings(_Group):
    """Turning memories into linked notes, in the background."""

    automatic: bool = True
    """Writes see to it that what they bring is organised; else `memsvc consolidate` does."""
    settle_s: Annotated[float, Field(ge=0)] = 5.0
    """How long after a write the job begins: what comes meanwhile shares its windows. More is
    better where a language model is paid by the call."""
    window_items: Annotated[int, Field(ge=1, le=50)] = 10
    """Consecutive memories that are looked at together (one call of a language model). A rest of an
    episode joins them: 17 turns are one window, 25 are two."""
    window_characters: Annotated[int, Field(ge=500)] = 12_000
    """Of their texts together."""
    windows_at_once: Annotated[int, Field(ge=1, le=32)] = 1
    """More are of use where a language model takes its time over each."""
    working_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Of the time: a backlog leaves the rest to reads and writes."""
    neighbours: Annotated[int, Field(ge=0, le=50)] = 5
    """Nearest memories that each one is held against (A-MEM: k = 5)."""
    shown_neighbours: Annotated[int, Field(ge=0, le=50)] = 10
    """Older memories of which one window may bring out more, at most."""
    least_cosine: Annotated[float, Field(ge=0, le=1)] = 0.45
    """Pairs below are not linked. A bank of 40 memories and more has a bound of its own, which 99 %
    of its pairs stay below, of two thirds of this at least (docs/decisions/0019-notes.md)."""
    links_per_note: Annotated[int, Field(ge=0, le=50)] = 3
    """Links that a new note begins, at most."""
    most_links: Annotated[int, Field(ge=1, le=1000)] = 12
    """Links that a note may have in all, with those that others began."""
    evolutions_per_window: Annotated[int, Field(ge=0, le=50)] = 10
    """Older memories that one window may change the annotations of; each at most once."""
    annotated_view: bool = True
    """Also search by text with keywords, tags and context together (A-MEM, eq. 3).

    Measured (docs/decisions/0019-notes.md): better in conversations, where turns are short."""
    annotated_view_characters: Annotated[int, Field(ge=0)] = 600
    """Longer texts speak for themselves, and embedding them twice is what costs."""


class RecallSettings(_Group):
    """Defaults of the read path."""

    rrf_k: Annotated[int, Field(ge=1)] = 10
    """Rank constant of reciprocal rank fusion (Cormack et al., SIGIR 2009, who take 60).

    With two arms a small constant, which lets the first ranks stand out, measured better on every
    set (docs/decisions/0008-rank-constant.md).
    """
    dense_weight: Annotated[float, Field(ge=0)] = 1.0
    lexical_weight: Annotated[float, Field(ge=0)] = 1.0
    episode_weight: Annotated[float, Field(ge=0)] = 2.0
    """Of what a memory and those beside it say together (docs/decisions/0031-episode-arm.md)."""
    reply_weight: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Of an assistant's replies where the asker's own words are asked for; 1 weighs them alike
    (docs/decisions/0046-whose-words.md)."""
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


class RecordingSettings(_Group):
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


class ApiSettings(_Group):
    """The HTTP server."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8700
    request_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    max_body_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024 * 1024
    shutdown_grace_s: Annotated[float, Field(gt=0)] = 10.0
    measure_lag_s: Annotated[float, Field(ge=0)] = 0.02
    """How often the event loop's lag is measured; 0 never (`memsvc_event_loop_lag_seconds`)."""


class WorkerSettings(_Group):
    """Background jobs."""

    in_process: bool | None = None
    """Run a worker inside `memsvc serve`; by default only with the embedded database."""
    concurrency: Annotated[int, Field(ge=1)] = 2
    stalled_after_s: Annotated[float, Field(ge=1)] = 30.0
    """A worker silent for this long is dead; its jobs run again."""
    provider_retry_s: Annotated[float, Field(gt=0)] = 15.0
    """First pause after a provider was away; doubles up to an hour."""


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="MEMSVC_",
        env_nested_delimiter="__",
        # `MEMSVC_API_KEY=` means no key, not an empty one that anybody could guess.
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
    )

    database_url: SecretStr | None = None
    """Any PostgreSQL ≥ 16 with pgvector ≥ 0.8; without it the embedded one is started."""
    database_owner_url: SecretStr | None = None
    """Used for migrations only; defaults to ``database_url``."""
    data_dir: Path | None = None
    """Where the embedded database and the models live; defaults to the platform's data folder."""
    api_key: SecretStr | None = None
    """Static bearer key; needed to listen beyond loopback."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    database: DatabaseSettings = DatabaseSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    """The encoder of new banks."""
    embedders: dict[str, EmbeddingSettings] = Field(default_factory=dict)
    """More encoders by name, for banks of other models and for moving banks to them
    (``MEMSVC_EMBEDDERS__BIG__MODEL=…``)."""
    reembed: ReembedSettings = ReembedSettings()
    erasure: ErasureSettings = ErasureSettings()
    llm: LanguageModelSettings = LanguageModelSettings()
    rerank: RerankSettings = RerankSettings()
    rewrite: RewriteSettings = RewriteSettings()
    iterate: IterateSettings = IterateSettings()
    index: IndexSettings = IndexSettings()
    recall: RecallSettings = RecallSettings()
    recording: RecordingSettings = RecordingSettings()
    tokens: TokenSettings = TokenSettings()
    organise: OrganiseSettings = OrganiseSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
