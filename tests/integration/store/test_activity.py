"""When something last happened in each bank."""

from memsvc.domain.identifiers import TenantId, uuid7
from memsvc.services.commands import BankReference, NewMemory
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.services import Service


async def test_banks_tell_their_last_change_but_those_without_one_and_those_of_others_do_not(
    service: Service,
) -> None:
    store = service.database.store
    await service.create_bank("empty")
    await service.remember_items("busy", NewMemory(text="Otto is an octopus."))
    written = await service.remember_items("busy", NewMemory(text="Rex is a dog."))
    await service.remember_items("gone", NewMemory(text="Otto is an octopus."))
    await service.banks.delete(service.caller, BankReference(value="gone"))
    [rex] = await service.stored("busy", written)

    async with store.read(DEFAULT_TENANT) as tx:
        changed = await tx.activity.last_changes()
    stranger = TenantId(uuid7(rex.recorded_at))
    async with store.read(stranger) as tx:
        of_others = await tx.activity.last_changes()

    assert list(changed) == [written.bank_id]
    assert changed[written.bank_id] >= rex.recorded_at
    assert of_others == {}
