"""Which arms a recall asks, where it does not say so itself."""

from collections.abc import Mapping

from memsvc.domain.fusion import Arm
from memsvc.domain.memory import ResolvedBank
from memsvc.services.recalling.arms import ArmOutcome, ArmReport, ArmStatus
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.settings import RecallSettings

_OFF = ArmOutcome(
    candidates=(),
    report=ArmReport(
        status=ArmStatus.SKIPPED,
        reason="It is switched off for this bank (`arms_off`).",
        candidates=0,
        took_ms=0.0,
        embed_ms=0.0,
    ),
)


def asked_arms(query: RecallQuery, bank: ResolvedBank, settings: RecallSettings) -> frozenset[Arm]:
    """Return the arms that the query names, else those of the service that the bank lets ask."""
    if query.arms is not None:
        return query.arms
    takes_part = {
        Arm.CONTIGUITY: settings.contiguity_weight > 0,
        Arm.LINKS: settings.links_weight > 0,
        Arm.GRAPH: settings.graph.enabled,
    }
    return frozenset(arm for arm in Arm if takes_part.get(arm, True)) - bank.arms_off


def switched_off(query: RecallQuery, bank: ResolvedBank) -> Mapping[Arm, ArmOutcome]:
    """Return what the answer says of arms that the bank keeps from it."""
    return {} if query.arms is not None else dict.fromkeys(sorted(bank.arms_off), _OFF)
