"""`memsvc eval calibrate`: a bank judges by its own questions, while its ranking stays the same."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from memsvc_client import Answerable, AsyncBank, AsyncClient, ConflictError, NewMemory
from memsvc_client.calibrations import RankingStamp
from sqlalchemy import text

from memsvc.bootstrap import Application
from memsvc.cli.commands.eval_ablate import cases_of
from memsvc.cli.evaluation.calibrating import Calibrated, calibrate
from memsvc.domain.answerable.calibration import Platt
from memsvc.domain.fusion import RANKING_VERSION
from memsvc.errors import InvalidRequestError
from memsvc.services import calibrations as service
from memsvc.worker.runner import WorkerRunner

KNOWN = [
    f"the {thing} stands in room {room}" for room, thing in enumerate(("lamp", "desk", "globe"))
]
WORDS = ("now", "here", "then", "still", "there", "once", "again")
ASKED = [f"{known} {word}" for known in KNOWN for word in WORDS]
UNKNOWN = [f"quantum zebra {number} sails northwards" for number in range(12)]


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """A bank of three memories."""
    bank = client.bank("ada")
    await bank.add_memories([NewMemory(text=each) for each in KNOWN], create=True)
    return bank


def golden(folder: Path, answerable: Sequence[str], unanswerable: Sequence[str]) -> Path:
    """Write a golden file; every answer is the first memory, which is not what is judged here."""
    lines = [{"question": each, "expected": [{"text": KNOWN[0]}]} for each in answerable]
    lines += [{"question": each, "expected": []} for each in unanswerable]
    path = folder / "golden.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def calibrated(client: AsyncClient, path: Path) -> Calibrated:
    cases = await cases_of(client, "ada", path, 1)
    return await calibrate(client.bank("ada"), cases, "golden", 4, lambda _, __: None)


async def judged(bank: AsyncBank, question: str) -> Answerable:
    found = (await bank.recall(question, answerable=True)).answerable
    assert found is not None
    assert found.probability is not None
    assert found.uncalibrated is not None
    return found


@pytest.fixture
async def found(client: AsyncClient, bank: AsyncBank, tmp_path: Path) -> Calibrated:
    """A calibration of the bank, not set."""
    return await calibrated(client, golden(tmp_path, [*ASKED, *ASKED[:10]], UNKNOWN))


async def test_a_bank_is_judged_by_its_calibration_until_it_is_taken_away(
    bank: AsyncBank, found: Calibrated
) -> None:
    plain = await judged(bank, ASKED[0])
    assert (plain.probability, plain.calibrated_at) == (plain.uncalibrated, None)

    kept = await bank.set_calibration(found.calibration)

    assert (kept.in_use, kept.note, kept.calibration) == (True, None, found.calibration)
    assert await bank.calibration() == kept
    curve = Platt(slope=found.calibration.slope, intercept=found.calibration.intercept)
    for question in (ASKED[0], UNKNOWN[0]):
        now = await judged(bank, question)
        assert now.uncalibrated is not None
        assert now.probability == pytest.approx(curve.probability(now.uncalibrated))
        assert now.is_answerable == ((now.probability or 0) >= found.calibration.threshold)
        assert (now.calibrated_at, now.note) == (kept.recorded_at, None)
        context = (await bank.context(question, mode="ranked", answerable=True)).answerable
        assert context is not None
        assert context.probability == now.probability

    cleared = await bank.clear_calibration()
    assert (cleared.calibration, cleared.in_use) == (None, False)
    assert await judged(bank, ASKED[0]) == plain


async def test_it_tells_what_is_stored_from_what_is_not(bank: AsyncBank, found: Calibrated) -> None:
    made = found.calibration
    assert (made.answerable, made.unanswerable, made.source) == (31, 12, "golden")
    assert made.after.area_under_roc > 0.95
    assert made.after.calibration_error < made.before.calibration_error
    assert made.after.answerable_refused <= 0.1

    await bank.set_calibration(made)

    assert (await judged(bank, ASKED[0])).is_answerable
    assert not (await judged(bank, UNKNOWN[0])).is_answerable


async def test_calibrating_again_gives_the_same(
    client: AsyncClient, bank: AsyncBank, found: Calibrated, tmp_path: Path
) -> None:
    await bank.set_calibration(found.calibration)
    again = await calibrated(client, tmp_path / "golden.jsonl")
    assert again.calibration == found.calibration
    assert again.was.calibration == found.calibration


async def test_another_ranking_is_judged_by_the_model_and_a_note_says_why(
    bank: AsyncBank, found: Calibrated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bank.set_calibration(found.calibration)
    monkeypatch.setattr(service, "RANKING_VERSION", RANKING_VERSION + 1)

    now = await judged(bank, ASKED[0])

    assert (now.probability, now.calibrated_at) == (now.uncalibrated, None)
    assert "before the ranking changed" in (now.note or "")
    kept = await bank.calibration()
    assert (kept.in_use, kept.note) == (False, now.note)
    with pytest.raises(ConflictError, match="the ranking changed"):
        await bank.set_calibration(found.calibration)


async def test_one_for_another_model_is_refused(bank: AsyncBank, found: Calibrated) -> None:
    stamp = found.calibration.stamp
    for other in (
        RankingStamp(ranking_version=stamp.ranking_version, embedder="x", weights=stamp.weights),
        RankingStamp(ranking_version=stamp.ranking_version, embedder=stamp.embedder, weights="x"),
    ):
        with pytest.raises(ConflictError):
            await bank.set_calibration(found.calibration.model_copy(update={"stamp": other}))
    assert (await bank.calibration()).calibration is None


async def test_banks_have_their_own(
    client: AsyncClient, bank: AsyncBank, found: Calibrated
) -> None:
    await bank.set_calibration(found.calibration)
    other = client.bank("ben")
    await other.add_memory(KNOWN[0], create=True)

    assert (await other.calibration()).calibration is None
    assert (await judged(other, ASKED[0])).calibrated_at is None


async def test_too_few_questions_are_refused(
    client: AsyncClient, bank: AsyncBank, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequestError, match="there are 21 and 12"):
        await calibrated(client, golden(tmp_path, ASKED, UNKNOWN))


async def test_feedback_makes_cases_of_both_sorts(
    client: AsyncClient, bank: AsyncBank, application: Application
) -> None:
    for question, helps in [(each, True) for each in ASKED] + [(each, False) for each in UNKNOWN]:
        answer = await bank.recall(question, record=True)
        assert answer.id is not None
        first = [answer.hits[0].memory.id]
        await bank.feedback(answer.id, helped=first if helps else (), misled=() if helps else first)
    await application.recall_log.flush()

    cases = await cases_of(client, "ada", None, 1000)

    with pytest.raises(InvalidRequestError, match="there are 21 and 12"):
        await calibrate(bank, cases, "feedback", 1, lambda _, __: None)


async def test_a_deleted_bank_takes_its_calibration_along(
    client: AsyncClient, bank: AsyncBank, found: Calibrated, application: Application
) -> None:
    await bank.set_calibration(found.calibration)
    bank_id = (await client.get_bank("ada")).id
    await client.delete_bank("ada")
    worker = WorkerRunner(application.work)
    worker.start()
    try:
        await client.wait_for_jobs(timeout_s=20)
    finally:
        await worker.stop()

    async with application.banks._store.read(application.default_tenant) as tx:
        left = text("SELECT count(*) FROM calibrations WHERE bank_id = :bank")
        session = tx.banks._session
        assert (await session.connection.execute(left, {"bank": bank_id})).scalar_one() == 0
