"""Which arms earn their time on a bank's own questions: asked with each of them off."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from memsvc_client import AsyncBank, AsyncClient
from pydantic import JsonValue

from memsvc.cli.evaluation.asking import Advance, AskOptions, answers_of
from memsvc.cli.evaluation.cases import Case
from memsvc.cli.evaluation.comparing import Measure
from memsvc.cli.evaluation.golden import CORPUS
from memsvc.cli.evaluation.results import QuestionResult, latency_of
from memsvc.cli.failures import CommandError
from memsvc.domain.evaluation.bootstrap import Interval, interval_of
from memsvc.domain.evaluation.earning import Verdict, verdict_of

_SEARCHING = frozenset({"dense", "lexical"})
"""One of them must stay: the other arms go on from what they find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRules:
    """What is asked of an arm."""

    measure: Measure
    tolerance: float
    """Share that may be lost by switching off, all arms that are off together."""
    least: int
    """Questions below which nothing is decided."""
    seed: int
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Answers without one arm."""

    arm: str
    verdict: Verdict
    loss: Interval
    """Of the measure, positive where the arm helps."""
    takes_ms: float | None
    """Median of its own time; ``None`` where it never answered."""
    skipped: int
    """In how many answers it had no part although it was asked."""
    saves_ms: float
    """By how much the median answer is sooner without it."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        loss = self.loss
        return {
            "arm": self.arm,
            "verdict": self.verdict.value,
            "loss": loss.mean,
            "low": loss.low,
            "high": loss.high,
            "takes_ms": self.takes_ms,
            "skipped": self.skipped,
            "saves_ms": self.saves_ms,
        }


@dataclass(slots=True, kw_only=True)
class Ablation:
    """What was found, and which arms should be off."""

    questions: int
    value: float
    """The measure with all arms."""
    trials: list[Trial]
    """One for each arm that can be switched off by itself."""
    was_off: list[str]
    off: list[str] = field(default_factory=list)
    together: Trial | None = None
    """The last arm that was found idle with the others off already: what all cost together."""

    @property
    def is_change(self) -> bool:
        """Whether arms should be switched."""
        return sorted(self.off) != sorted(self.was_off)

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "questions": self.questions,
            "value": self.value,
            "arms": [each.as_json() for each in self.trials],
            "was_off": [*self.was_off],
            "off": [*self.off],
            "together": None if self.together is None else self.together.as_json(),
        }


async def ablate(
    client: AsyncClient,
    bank: str,
    cases: Sequence[Case],
    rules: AblationRules,
    advance: Advance,
) -> Ablation:
    """Ask every case with all arms and without each; then without more, while none is missed.

    Idle arms go one by one, the one that saves most first, and what is lost is always compared
    with all arms: two of which each makes up for the other are not switched off together.
    """
    counted = [each for each in cases if each.expected]
    if not counted:
        raise CommandError("No question expects anything: there is nothing to measure with.")
    asking = _Asking(bank=client.bank(bank), cases=counted, rules=rules, advance=advance)
    was_off = list((await client.get_bank(bank)).arms_off)
    arms = await _arms_of(asking.bank)
    with_all = await asking.without(arms, frozenset())
    trials = await asking.trials(arms, frozenset(), with_all)
    found = Ablation(
        questions=len(counted),
        value=sum(map(rules.measure.of, with_all)) / len(with_all),
        trials=trials,
        was_off=was_off,
    )
    off: frozenset[str] = frozenset()
    while idle := [each for each in trials if each.verdict is Verdict.IDLE]:
        # Times vary: of two that may go, the one that is off already does.
        found.together = max(idle, key=lambda each: (each.arm in was_off, each.saves_ms))
        off |= {found.together.arm}
        trials = await asking.trials(arms, off, with_all)
    undecided = {each.arm for each in found.trials if each.verdict is Verdict.UNDECIDED}
    # What is off already stays so until it is shown to be missed.
    kept_off = set(was_off) & undecided
    if off | kept_off >= _SEARCHING:
        kept_off = set()
    found.off = sorted(off | kept_off)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """Asks the cases with some arms off."""

    bank: AsyncBank
    cases: Sequence[Case]
    rules: AblationRules
    advance: Advance

    async def trials(
        self, arms: Sequence[str], off: frozenset[str], with_all: Sequence[QuestionResult]
    ) -> list[Trial]:
        """Return a trial for each further arm that can be switched off."""
        found = []
        for arm in arms:
            tried = off | {arm}
            if arm not in off and _SEARCHING & (set(arms) - tried):
                without = await self.without(arms, tried)
                found.append(self._trial(arm, with_all, without))
        return found

    async def without(self, arms: Sequence[str], off: frozenset[str]) -> list[QuestionResult]:
        """Return what comes if these arms do not take part."""
        options = AskOptions(
            k=self.rules.measure.k,
            arms=[arm for arm in arms if arm not in off],
            workers=self.rules.workers,
        )
        return await answers_of(self.cases, {CORPUS: self.bank}, options, self.advance)

    def _trial(
        self, arm: str, with_all: Sequence[QuestionResult], without: Sequence[QuestionResult]
    ) -> Trial:
        rules = self.rules
        losses = [
            rules.measure.of(one) - rules.measure.of(other)
            for one, other in zip(with_all, without, strict=True)
        ]
        loss = interval_of(losses, seed=rules.seed)
        own = [each.arms_ms[arm] for each in with_all if arm in each.arms_ms]
        return Trial(
            arm=arm,
            verdict=verdict_of(loss, tolerance=rules.tolerance, least=rules.least),
            loss=loss,
            takes_ms=latency_of(own).p50,
            skipped=len(with_all) - len(own),
            saves_ms=_median_total(with_all) - _median_total(without),
        )


async def _arms_of(bank: AsyncBank) -> list[str]:
    """Return the arms that the service has, those that the bank has off as well."""
    asked = await bank.recall("warm-up", k=1, record=False, reinforce=False)
    return list(asked.arms)


def _median_total(answers: Sequence[QuestionResult]) -> float:
    return latency_of([each.stages_ms.get("total", 0.0) for each in answers]).p50 or 0.0
