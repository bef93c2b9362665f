"""The store: short transactions, each bound to one tenant, committed on clean exit.

``read()`` and ``write()`` yield different types. A read transaction has no writing methods and is
READ ONLY in PostgreSQL as well, so that both the type checker and the database object.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from memsvc.domain.identifiers import TenantId
from memsvc.errors import (
    ConflictError,
    DatabaseUnavailableError,
    ExternalCallInTransactionError,
    InvalidRequestError,
    MemsvcError,
    SchemaOutdatedError,
)
from memsvc.ports import Clock
from memsvc.store.activity import ActivityReader
from memsvc.store.annotations import AnnotationReader, AnnotationWriter
from memsvc.store.audit import AuditWriter
from memsvc.store.bank_models import BankModelReader, BankModelWriter
from memsvc.store.banks import BankReader, BankWriter
from memsvc.store.calibrations import CalibrationWriter
from memsvc.store.changes import ChangeWriter
from memsvc.store.context_reads import ContextReader
from memsvc.store.duplicates import DuplicateReader, DuplicateWriter
from memsvc.store.effects import EffectWriter
from memsvc.store.embeddings import EmbeddingReader, EmbeddingWriter
from memsvc.store.entities import EntityReader, EntityWriter
from memsvc.store.entity_reviews import EntityReviewReader, EntityReviewWriter
from memsvc.store.episodes import EpisodeReader, EpisodeWriter
from memsvc.store.eraser import Eraser
from memsvc.store.erasure_search import ErasureSearch
from memsvc.store.erasures import ErasureReader, ErasureWriter
from memsvc.store.facts import FactReader, FactWriter
from memsvc.store.follower_reads import FollowerReader
from memsvc.store.given import GivenReader, GivenWriter
from memsvc.store.idempotency import IdempotencyKeys
from memsvc.store.jobs import JobReader, JobWriter
from memsvc.store.links import LinkReader, LinkWriter
from memsvc.store.memories import MemoryReader, MemoryWriter
from memsvc.store.mentions import MentionReader, MentionWriter
from memsvc.store.model_calls import ModelCallReader, ModelCallWriter
from memsvc.store.operations import OperationReader, OperationWriter
from memsvc.store.organising import OrganisingReader, OrganisingWriter
from memsvc.store.queue import JobCarrier
from memsvc.store.recalls import RecallLogReader, RecallLogWriter
from memsvc.store.reinforcements import ReinforcementWriter
from memsvc.store.retention import RetentionReader, RetentionWriter
from memsvc.store.roles import RUNTIME_ROLE, TENANT_SETTING
from memsvc.store.session import Session
from memsvc.store.state_history import StateHistory
from memsvc.store.summaries import SummaryReader
from memsvc.store.summary_listing import SummaryLister
from memsvc.store.thoughts import ThoughtReader, ThoughtWriter
from memsvc.store.watermarks import WatermarkReader

_in_transaction: ContextVar[bool] = ContextVar("memsvc_in_transaction", default=False)

_BEGIN = text(
    "SELECT set_config('role', :role, true), set_config(:setting, :tenant, true),"
    " set_config('transaction_read_only', :read_only, true)"
)


class ReadTransaction:
    """What a use case may look up; nothing here writes."""

    def __init__(self, session: Session) -> None:
        self.banks = BankReader(session)
        self.models = BankModelReader(session)
        self.episodes = EpisodeReader(session)
        self.memories = MemoryReader(session)
        self.embeddings = EmbeddingReader(session)
        self.links = LinkReader(session)
        self.annotations = AnnotationReader(session)
        self.organising = OrganisingReader(session)
        self.jobs = JobReader(session)
        self.activity = ActivityReader(session)
        self.followers = FollowerReader(session)
        self.operations = OperationReader(session)
        self.state_history = StateHistory(session)
        self.retention = RetentionReader(session)
        self.recall_log = RecallLogReader(session)
        self.mentions = MentionReader(session)
        self.duplicates = DuplicateReader(session)
        self.facts = FactReader(session)
        self.thoughts = ThoughtReader(session)
        self.given = GivenReader(session)
        self.entities = EntityReader(session)
        self.entity_reviews = EntityReviewReader(session)
        self.context = ContextReader(session)
        self.summaries = SummaryReader(session)
        self.summary_listing = SummaryLister(session)
        self.watermarks = WatermarkReader(session)
        self.model_calls = ModelCallReader(session)
        self.idempotency = IdempotencyKeys(session)
        self.erasures = ErasureReader(session)
        self.eraser = Eraser(session)
        self.erasure_search = ErasureSearch(session)


class WriteTransaction:
    """What a use case may change; everything commits together or not at all."""

    def __init__(self, session: Session, carrier: JobCarrier) -> None:
        self.now = session.clock.now
        """What time it is for what is written."""
        self.banks = BankWriter(session)
        self.models = BankModelWriter(session)
        self.episodes = EpisodeWriter(session)
        self.memories = MemoryWriter(session)
        self.embeddings = EmbeddingWriter(session)
        self.links = LinkWriter(session)
        self.annotations = AnnotationWriter(session)
        self.organising = OrganisingWriter(session)
        self.changes = ChangeWriter(session)
        self.audit = AuditWriter(session)
        self.operations = OperationWriter(session)
        self.effects = EffectWriter(session)
        self.retention = RetentionWriter(session)
        self.calibrations = CalibrationWriter(session)
        self.recall_log = RecallLogWriter(session)
        self.reinforcements = ReinforcementWriter(session)
        self.mentions = MentionWriter(session)
        self.duplicates = DuplicateWriter(session)
        self.summaries = SummaryReader(session)
        self.facts = FactWriter(session)
        self.thoughts = ThoughtWriter(session)
        self.given = GivenWriter(session)
        self.entities = EntityWriter(session)
        self.entity_reviews = EntityReviewWriter(session)
        self.model_calls = ModelCallWriter(session)
        self.jobs = JobWriter(session, carrier)
        self.idempotency = IdempotencyKeys(session)
        self.erasures = ErasureWriter(session)
        self.eraser = Eraser(session)


class Store:
    """Opens transactions. Cheap to pass around; holds the pool and nothing else."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        carrier: JobCarrier,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """Call ``on_change`` after each commit that changes what is searchable."""
        self._engine = engine
        self._clock = clock
        self._carrier = carrier
        self._on_change = on_change

    @asynccontextmanager
    async def read(self, tenant_id: TenantId) -> AsyncIterator[ReadTransaction]:
        """Yield a READ ONLY transaction that sees one tenant."""
        async with self._session(tenant_id, read_only=True) as session:
            yield ReadTransaction(session)

    @asynccontextmanager
    async def write(self, tenant_id: TenantId) -> AsyncIterator[WriteTransaction]:
        """Yield a transaction of one tenant; commits on clean exit, rolls back on any error."""
        async with self._session(tenant_id, read_only=False) as session:
            opened = WriteTransaction(session, self._carrier)
            yield opened
        if opened.changes.has_recorded and self._on_change is not None:
            self._on_change()

    @asynccontextmanager
    async def _session(self, tenant_id: TenantId, *, read_only: bool) -> AsyncIterator[Session]:
        async with transaction(self._engine, tenant_id, read_only=read_only) as connection:
            yield Session(connection=connection, tenant_id=tenant_id, clock=self._clock)

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._engine.dispose()


@asynccontextmanager
async def transaction(
    engine: AsyncEngine, tenant_id: TenantId, *, read_only: bool
) -> AsyncIterator[AsyncConnection]:
    """Yield a connection inside a transaction bound to the tenant and the runtime role.

    Driver errors leave as named ones. Transactions do not nest: a second one inside the first
    could deadlock on the pool, so it is refused.
    """
    if _in_transaction.get():
        raise ExternalCallInTransactionError("A transaction was opened inside a transaction.")
    token = _in_transaction.set(True)
    try:
        async with translated_errors(), engine.begin() as connection:
            await connection.execute(
                _BEGIN,
                {
                    "role": RUNTIME_ROLE,
                    "setting": TENANT_SETTING,
                    "tenant": str(tenant_id),
                    "read_only": "on" if read_only else "off",
                },
            )
            yield connection
    finally:
        _in_transaction.reset(token)


def assert_no_transaction(what: str) -> None:
    """Refuse ``what`` (a model, HTTP or index call) while the caller holds a transaction open."""
    if _in_transaction.get():
        raise ExternalCallInTransactionError(f"{what} was attempted inside a database transaction.")


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Turn driver errors into the service's own, in the one place where they enter."""
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError(
            "Every database connection is busy; retry, or raise MEMSVC_DATABASE__POOL_SIZE."
        ) from error
    except DBAPIError as error:
        translated = _translate(error.orig, is_lost=error.connection_invalidated)
        if translated is None:
            raise
        raise translated from error
    except pg.Error as error:
        translated = _translate(error, is_lost=isinstance(error, pg.OperationalError))
        if translated is None:
            raise
        raise translated from error
    except OSError as error:
        raise DatabaseUnavailableError from error


def _translate(cause: BaseException | None, *, is_lost: bool) -> MemsvcError | None:
    if isinstance(cause, pg.UndefinedTable | pg.UndefinedColumn | pg.UndefinedFunction):
        return SchemaOutdatedError()
    if isinstance(cause, pg.LockNotAvailable | pg.DeadlockDetected | pg.SerializationFailure):
        return ConflictError("Another request is changing the same rows; retry.")
    if isinstance(cause, pg.DataError | pg.ProgramLimitExceeded):
        return InvalidRequestError("A value is out of the range or size that can be stored.")
    if isinstance(cause, pg.QueryCanceled):
        return DatabaseUnavailableError("The database did not answer in time.")
    if is_lost or isinstance(cause, pg.OperationalError):
        return DatabaseUnavailableError()
    return None
