"""Stages run by themselves: once a bank is quiet, and hourly where it never is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from memsvc.domain.identifiers import BankId, TenantId
from memsvc.domain.jobs import JobKind, JobState, NewJob
from memsvc.domain.paging import PageRequest
from memsvc.errors import BankNotFoundError, ConflictError, DatabaseUnavailableError
from memsvc.ports import Clock
from memsvc.services.organising.consolidate import Stage
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction

_ORGANISE, _READS_WHAT_NO_WINDOW_WILL = "organise", "think"
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class AutomaticStages:
    """Queues a job for each stage that has something to do, where a bank has changed.

    A bank in which nothing has happened for some hours is not looked at: what there was to do in
    it has been done. Several processes may look at once; a stage waits once in a bank.
    """

    store: Store
    tenant_id: TenantId
    clock: Clock
    stages: Sequence[Stage]
    """Those that run by themselves, in their order."""
    quiet: timedelta
    _seen: dict[BankId, datetime] = field(default_factory=dict)
    """When each bank had last changed as this process looked what there is to do in it."""

    async def where_quiet(self) -> None:
        """Look at the banks that have changed, but not for a while."""
        changed = await self._changed()
        self._seen = {each: at for each, at in self._seen.items() if each in changed}
        since = self.clock.now() - self.quiet
        for bank_id, at in changed.items():
            if at <= since and self._seen.get(bank_id) != at:
                await self._start(bank_id)
                self._seen[bank_id] = at

    async def everywhere(self) -> None:
        """Look at every bank that has changed, however busy it is."""
        for bank_id in await self._changed():
            await self._start(bank_id)

    async def _changed(self) -> Mapping[BankId, datetime]:
        if not self.stages:
            return {}
        async with self.store.read(self.tenant_id) as tx:
            return await tx.activity.last_changes()

    async def _start(self, bank_id: BankId) -> None:
        """Queue what is due, a bank at a time; one that fails stops no other."""
        try:
            async with self.store.read(self.tenant_id) as tx:
                due = await self._due(tx, bank_id)
            if due:
                async with self.store.write(self.tenant_id) as tx:
                    await _queue(tx, bank_id, due)
                _log.info("stages.queued", bank_id=str(bank_id), stages=due)
        except (ConflictError, BankNotFoundError, DatabaseUnavailableError) as error:
            _log.info("stages.skipped", bank_id=str(bank_id), reason=error.code)

    async def _due(self, tx: ReadTransaction, bank_id: BankId) -> list[str]:
        if await tx.jobs.find_open(JobKind.CONSOLIDATE, bank_id) is not None:
            return []  # somebody has asked for all that
        todo = [each.name for each in self.stages if await each.todo(tx, bank_id)]
        if _ORGANISE in todo and _READS_WHAT_NO_WINDOW_WILL in todo:
            todo.remove(_READS_WHAT_NO_WINDOW_WILL)
        running = await _running(tx, bank_id)
        return [each for each in todo if each not in running]


async def _running(tx: ReadTransaction, bank_id: BankId) -> Collection[str]:
    """Return the stages that a job of this moment does."""
    page = await tx.jobs.list(
        PageRequest(limit=100), state=JobState.RUNNING, kind=JobKind.STAGE, bank_id=bank_id
    )
    running = {name for each in page.items for name in each.stages}
    is_organised = await tx.jobs.find_open(JobKind.ORGANISE, bank_id) is not None
    return running | {_ORGANISE} if is_organised else running


async def _queue(tx: WriteTransaction, bank_id: BankId, stages: Sequence[str]) -> None:
    """Add a job for each stage, unless one waits already."""
    await tx.banks.lock(bank_id)
    for name in stages:
        if name == _ORGANISE:  # the job that writes cause: others go on with what it has done
            await tx.jobs.add_once(NewJob(kind=JobKind.ORGANISE, bank_id=bank_id))
        else:
            new = NewJob(kind=JobKind.STAGE, bank_id=bank_id, payload={"stages": [name]})
            await tx.jobs.add_once(new)
