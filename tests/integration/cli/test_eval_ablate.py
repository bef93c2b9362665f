"""`memsvc eval ablate`: arms that earn nothing on a bank's own questions are found."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient

from memsvc.bootstrap import Application
from memsvc.cli.commands.eval_ablate import cases_of
from memsvc.cli.evaluation.ablating import Ablation, AblationRules, ablate
from memsvc.cli.evaluation.comparing import Measure
from memsvc.cli.failures import CommandError
from memsvc.domain.evaluation.earning import Verdict

NOUNS = ("ship", "tree", "bridge", "candle", "window")


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """What was said in plurals is only found by words: the encoder of tests knows no forms."""
    found = client.bank("ada")
    for noun in NOUNS:
        await found.add_memory(f"{noun}s", create=True)
    return found


async def judged(application: Application, bank: AsyncBank, questions: Sequence[str]) -> None:
    stored = {each.text: each.id async for each in bank.memories()}
    for question in questions:
        answer = await bank.recall(question, record=True)
        assert isinstance(answer.id, UUID)
        await bank.feedback(answer.id, helped=[stored[f"{question.removesuffix('s')}s"]])
    await application.recall_log.flush()


async def ablated(client: AsyncClient, *, least: int = 3) -> Ablation:
    rules = AblationRules(
        measure=Measure(metric="recall", k=1), tolerance=0.01, least=least, seed=0
    )
    cases = await cases_of(client, "ada", None, 100)
    return await ablate(client, "ada", cases, rules, lambda _, __: None)


async def test_what_is_missed_stays_and_the_rest_goes(
    client: AsyncClient, bank: AsyncBank, application: Application
) -> None:
    await judged(application, bank, NOUNS)
    await client.update_bank("ada", arms_off=["lexical"])
    found = await ablated(client)
    assert (found.questions, found.value) == (len(NOUNS), 1.0)
    verdicts = {each.arm: each.verdict for each in found.trials}
    assert verdicts.pop("lexical") is Verdict.EARNS
    assert set(verdicts.values()) == {Verdict.IDLE}
    # What was off and is missed comes on again.
    assert (found.was_off, found.off) == (["lexical"], sorted(verdicts))
    assert found.is_change
    lexical = next(each for each in found.trials if each.arm == "lexical")
    assert lexical.takes_ms is not None
    assert lexical.loss.mean >= 0.6


async def test_arms_that_make_up_for_each_other_do_not_both_go(
    client: AsyncClient, bank: AsyncBank, application: Application
) -> None:
    await judged(application, bank, [f"{noun}s" for noun in NOUNS])
    found = await ablated(client)
    assert {each.verdict for each in found.trials} == {Verdict.IDLE}
    assert len({"dense", "lexical"} - set(found.off)) == 1


async def test_few_questions_decide_nothing(
    client: AsyncClient, bank: AsyncBank, application: Application
) -> None:
    with pytest.raises(CommandError, match="nothing to measure with"):
        await ablated(client)
    await judged(application, bank, NOUNS[:2])
    await client.update_bank("ada", arms_off=["graph"])
    found = await ablated(client)
    assert {each.verdict for each in found.trials} == {Verdict.UNDECIDED}
    assert found.off == ["graph"]
    assert not found.is_change
