"""Arms that a bank has switched off: not asked unless a recall names them, and said so."""

import pytest
from memsvc_client import AsyncClient, InvalidRequestError

from memsvc.bootstrap import Application


async def test_an_arm_that_is_off_is_not_asked_until_it_is_on_again(
    client: AsyncClient, application: Application
) -> None:
    bank = client.bank("ada")
    await bank.add_memory("ships sail at sea", create=True)
    await client.update_bank("ada", arms_off=["graph", "dense"])

    kept = await bank.recall("ships", record=True)
    assert kept.arms["graph"].status == kept.arms["dense"].status == "skipped"
    assert "switched off for this bank" in (kept.arms["graph"].reason or "")
    assert kept.hits[0].arms == ("lexical",)
    assert kept.took_ms.embed in (None, 0.0)
    composed = await bank.context("ships", mode="ranked")
    assert composed.arms["graph"].status == "skipped"
    # With a filter the bank is looked up on another way.
    narrowed = await bank.recall("ships", now=None, filter={"kinds": ["observation"]})  # type: ignore[arg-type]
    assert narrowed.arms["dense"].status == "skipped"
    named = await bank.recall("ships", arms=["dense"])
    assert named.arms["dense"].status == "ok"

    assert (await client.update_bank("ada", description="d")).arms_off == ("dense", "graph")
    assert (await client.update_bank("ada", arms_off=[])).arms_off == ()
    assert (await bank.recall("ships")).arms["dense"].status == "ok"
    await application.recall_log.flush()
    assert kept.id is not None
    replayed = await bank.replay(kept.id)
    assert {"arms.dense.status", "arms.graph.status"} <= {
        each.name for each in replayed.circumstances
    }


async def test_something_must_search(client: AsyncClient) -> None:
    await client.create_bank("ada")
    with pytest.raises(InvalidRequestError, match="must stay on"):
        await client.update_bank("ada", arms_off=["dense", "lexical", "graph"])
