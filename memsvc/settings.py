"""Every setting, its default and where the default comes from. Read once, in ``bootstrap``.

Environment variables start with ``MEMSVC_``; nested ones join with two underscores
(``MEMSVC_EMBEDDING__THREADS=2``).
"""

from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from memsvc.setting_groups.group import SettingsGroup
from memsvc.setting_groups.organising import OrganiseSettings
from memsvc.setting_groups.recalling import (
    GraphSettings,
    IterateSettings,
    RecallSettings,
    RecordingSettings,
    RerankSettings,
    RewriteSettings,
    SiftSettings,
)

__all__ = [
    "ApiSettings",
    "DatabaseSettings",
    "EmbeddingSettings",
    "ErasureSettings",
    "GraphSettings",
    "HnswSettings",
    "IndexSettings",
    "IterateSettings",
    "LanguageModelSettings",
    "OrganiseSettings",
    "RecallSettings",
    "RecordingSettings",
    "ReembedSettings",
    "RerankSettings",
    "RewriteSettings",
    "Settings",
    "SiftSettings",
    "TenantBudgetSettings",
    "TokenSettings",
    "WorkerSettings",
]


class DatabaseSettings(SettingsGroup):
    """Pool and time limits of PostgreSQL connections."""

    pool_size: Annotated[int, Field(ge=1)] = 10
    pool_overflow: Annotated[int, Field(ge=0)] = 10
    connect_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    statement_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    lock_timeout_s: Annotated[float, Field(gt=0)] = 10.0


class EmbeddingSettings(SettingsGroup):
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
    usd_per_million_tokens: Annotated[float | None, Field(ge=0)] = None
    """Of a hosted model; without it, litellm's price list says what it costs, if it knows."""


class TokenSettings(SettingsGroup):
    """Whose tokens budgets are counted in (docs/decisions/0024-context.md)."""

    model: str = "encoder"
    """``encoder``: as the local encoder counts, on the safe side; an OpenAI model or encoding
    (``gpt-4o``, ``o200k_base``; extra ``llm``); or ``file:/path/to/tokenizer.json``."""
    remembered: Annotated[int, Field(ge=0)] = 100_000
    """Counts of so many texts are kept, 100 bytes each."""


class HnswSettings(SettingsGroup):
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


class IndexSettings(SettingsGroup):
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


class TenantBudgetSettings(SettingsGroup):
    """What one tenant may use in a day (UTC); what is not given is as for everybody."""

    tokens_per_day: Annotated[int | None, Field(ge=0)] = None
    usd_per_day: Annotated[float | None, Field(ge=0)] = None


class LanguageModelSettings(SettingsGroup):
    """The language model that organises memories; without one, rules do."""

    model: str | None = None
    """As litellm writes it: ``provider/model``."""
    api_base: str | None = None
    api_key: SecretStr | None = None
    """Without one, litellm looks in the provider's own environment variable."""
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """For one answer, repetitions included."""
    most_output_tokens: Annotated[int, Field(ge=256)] = 8_000
    usd_per_million_input: Annotated[float | None, Field(ge=0)] = None
    """What the model costs; without it, litellm's price list says so, if it knows."""
    usd_per_million_output: Annotated[float | None, Field(ge=0)] = None
    tokens_per_day: Annotated[int | None, Field(ge=0)] = None
    """Of one tenant for all hosted models together, question and answer; beyond, organising waits
    for the next day, and texts are found by words until they can be embedded."""
    usd_per_day: Annotated[float | None, Field(ge=0)] = None
    """With it no model is called whose price is not known."""
    tenants: dict[UUID, TenantBudgetSettings] = Field(default_factory=dict)
    """Other budgets for some tenants (``MEMSVC_LLM__TENANTS__<ID>__TOKENS_PER_DAY=…``, the id with
    or without hyphens)."""

    @model_validator(mode="after")
    def _priced_both_ways(self) -> Self:
        if (self.usd_per_million_input is None) != (self.usd_per_million_output is None):
            raise ValueError("give usd_per_million_input and usd_per_million_output, or neither")
        return self


class ReembedSettings(SettingsGroup):
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


class ErasureSettings(SettingsGroup):
    """Erasing people's data (docs/decisions/0027-erasure.md)."""

    backup_days: Annotated[int, Field(ge=0)] = 30
    """How long backups are kept, as receipts say; the service itself makes none."""


class ApiSettings(SettingsGroup):
    """The HTTP server."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8700
    request_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    max_body_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024 * 1024
    shutdown_grace_s: Annotated[float, Field(gt=0)] = 10.0
    measure_lag_s: Annotated[float, Field(ge=0)] = 0.02
    """How often the event loop's lag is measured; 0 never (`memsvc_event_loop_lag_seconds`)."""


class WorkerSettings(SettingsGroup):
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
    sift: SiftSettings = SiftSettings()
    index: IndexSettings = IndexSettings()
    recall: RecallSettings = RecallSettings()
    recording: RecordingSettings = RecordingSettings()
    tokens: TokenSettings = TokenSettings()
    organise: OrganiseSettings = OrganiseSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
