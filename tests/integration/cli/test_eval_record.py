"""`memsvc eval record`: what was said of answers, as golden cases."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from memsvc_client import AsyncClient, Filter

from memsvc.bootstrap import Application
from memsvc.cli.evaluation.golden import read_golden
from memsvc.cli.evaluation.recording import (
    NO_FEEDBACK,
    OVERRULED,
    REPEATED,
    collect_cases,
)
from memsvc.cli.evaluation.running import posed

TEXTS = ("Ada lives in Porto", "Ben lives in Lisbon", "Eve lives in Rome", "Joe lives in Oslo")


async def test_feedback_becomes_cases_and_what_is_left_out_is_told(
    application: Application, client: AsyncClient, tmp_path: Path
) -> None:
    bank = client.bank("ada")
    ada, ben, eve, joe = [(await bank.add_memory(each, create=True)).id for each in TEXTS]

    async def asked(question: str, **more: Any) -> UUID:
        answer = await bank.recall(question, record=True, **more)
        await application.recall_log.flush()
        assert answer.id is not None
        return answer.id

    first = await asked("Who lives in Porto?")
    await bank.feedback(first, helped=[ben], misled=[eve])
    again = await asked("Who lives in Porto?")
    await bank.feedback(again, helped=[ada], misled=[ben])
    narrowed = await asked("Who lives in Porto?", filter=Filter(speakers=["Ada"]))
    taken_back = await bank.feedback(narrowed, helped=[ben])
    assert taken_back.operation_id is not None
    await bank.undo(taken_back.operation_id)
    both = await asked("Who lives anywhere?", as_of=datetime(2124, 1, 1, tzinfo=UTC))
    await bank.feedback(both, helped=[joe, ada])

    found = await collect_cases(bank, 100, with_text=False)

    assert found.left_out == {NO_FEEDBACK: 1, REPEATED: 1, OVERRULED: 1}
    assert not any(word in found.written() for word in ("Porto", "lives", "speakers"))
    file = tmp_path / "golden.jsonl"
    file.write_text(found.written())
    looked_up = {each.id: each for each in await posed(bank, read_golden(file))}
    assert looked_up.keys() == {str(again), str(both)}
    porto = looked_up[str(again)]
    assert [each.value for each in porto.expected] == [str(ada)]
    assert {each.value for each in porto.misleading} == {str(ben), str(eve)}

    # With text the same is asked, without looking anything up.
    told = await collect_cases(bank, 100, with_text=True)
    file.write_text(told.written())
    written = {each.case.id: each.case for each in read_golden(file)}
    assert {each.key for each in written.values()} == {each.key for each in looked_up.values()}
    assert written[str(both)].as_of is not None
    assert (await collect_cases(bank, 1, with_text=False)).recalls == 1
