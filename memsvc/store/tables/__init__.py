"""Every table of the service, for SQLAlchemy Core; migrations and these agree (`alembic check`).

Rules that keep the schema distributable by bank (docs/architecture.md, "Data"): tables of bank
data have primary keys that start with ``bank_id``, foreign keys stay inside the bank, there are no
triggers and no sequences as column defaults, and every id and time comes from the application.
"""

from memsvc.store.tables.calibrations import calibrations
from memsvc.store.tables.columns import change_numbers, metadata, partition_numbers, vector_ids
from memsvc.store.tables.contents import (
    embeddings,
    episodes,
    lexical_forms,
    links,
    memories,
    memory_versions,
)
from memsvc.store.tables.duplicates import compared_memories, reviews
from memsvc.store.tables.entities import entities, entity_readings, entity_reviews
from memsvc.store.tables.erasures import erasures
from memsvc.store.tables.facts import fact_readings, facts
from memsvc.store.tables.graph import given_sets, mentions
from memsvc.store.tables.installation import index_followers, installation
from memsvc.store.tables.model_calls import model_calls
from memsvc.store.tables.notes import annotations
from memsvc.store.tables.operations import operation_effects, operations
from memsvc.store.tables.recalls import recall_hits, recalls
from memsvc.store.tables.records import audit_events, index_changes
from memsvc.store.tables.reinforcements import reinforcements
from memsvc.store.tables.retention import retention_policies
from memsvc.store.tables.tenancy import bank_models, banks, idempotency_keys, jobs, tenants
from memsvc.store.tables.thoughts import thought_readings, thoughts

__all__ = [
    "BANK_TABLES",
    "INDEX_ROLE_TABLES",
    "INSTALLATION_TABLES",
    "TENANT_TABLES",
    "annotations",
    "audit_events",
    "bank_models",
    "banks",
    "calibrations",
    "change_numbers",
    "compared_memories",
    "embeddings",
    "entities",
    "entity_readings",
    "entity_reviews",
    "episodes",
    "erasures",
    "fact_readings",
    "facts",
    "given_sets",
    "idempotency_keys",
    "index_changes",
    "index_followers",
    "installation",
    "jobs",
    "lexical_forms",
    "links",
    "memories",
    "memory_versions",
    "mentions",
    "metadata",
    "model_calls",
    "operation_effects",
    "operations",
    "partition_numbers",
    "recall_hits",
    "recalls",
    "reinforcements",
    "retention_policies",
    "reviews",
    "tenants",
    "thought_readings",
    "thoughts",
    "vector_ids",
]

BANK_TABLES = (
    episodes,
    memories,
    memory_versions,
    lexical_forms,
    mentions,
    given_sets,
    embeddings,
    links,
    index_changes,
    audit_events,
    operations,
    operation_effects,
    annotations,
    retention_policies,
    compared_memories,
    reviews,
    recalls,
    recall_hits,
    facts,
    fact_readings,
    entities,
    entity_readings,
    entity_reviews,
    erasures,
    reinforcements,
    thoughts,
    thought_readings,
    calibrations,
)
"""Tables of bank data: distributable by ``bank_id``."""
TENANT_TABLES = (tenants, banks, bank_models, jobs, idempotency_keys, model_calls)
"""Small tables: local or reference tables on a sharded PostgreSQL."""
INSTALLATION_TABLES = (installation, index_followers)
"""Of the database as a whole: nothing of any tenant is in them."""
INDEX_ROLE_TABLES = (
    banks,
    bank_models,
    memories,
    lexical_forms,
    embeddings,
    index_changes,
    installation,
)
"""What the index role may read, across tenants."""
