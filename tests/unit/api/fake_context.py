"""A composer that answers from a script."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from memsvc.domain.answerable.verdict import Verdict
from memsvc.domain.context.material import CitedPiece, Context, Piece, Role, Section, SectionName
from memsvc.domain.fusion import Arm
from memsvc.domain.model_calls import CallsMade, CallTotals
from memsvc.domain.recorded_recalls import RecallId
from memsvc.services.commands import BankReference, Caller
from memsvc.services.recalling.answerable import Answerability
from memsvc.services.recalling.compose_context import ComposedContext, ContextQuery, RecallWithin
from memsvc.services.recalling.recalled import RecallQuery
from tests.unit.api.answers import MEMORY, RECALLED

COMPOSED = ComposedContext(
    context=Context(
        text="<memory boundary=abc>\n…",
        tokens=40,
        sections=[
            Section(
                name=SectionName.MEMORIES,
                pieces=[
                    CitedPiece(
                        citation=1,
                        piece=Piece(memory=MEMORY, role=Role.HIT, score=0.5, text="Ada"),
                        tokens=9,
                    )
                ],
            )
        ],
        left_out=3,
    ),
    recall=RecallWithin(
        query=RecallQuery(text="q"),
        answer=replace(
            RECALLED,
            arms={Arm.LEXICAL: RECALLED.arms[Arm.LEXICAL]},
            answerable=Answerability(
                verdict=Verdict(
                    probability=0.25,
                    uncalibrated=0.2,
                    is_answerable=False,
                    missing=["zebra"],
                    statement='Nothing stored about "zebra".',
                    features={"similarity": 0.5},
                ),
                reason=None,
                closest=MEMORY.id,
                quote=MEMORY.text,
                model="test",
            ),
        ),
    ),
    budget_tokens=2000,
    tokenizer="o200k_base",
    took_ms={"search": 1.25, "total": 2.0},
    id=RecallId(UUID(int=20)),
    recorded=True,
    model_calls=CallsMade(
        by_purpose={
            "sift": CallTotals(calls=1, input_tokens=90, output_tokens=10, cost_usd=0.0005),
            "rewrite": CallTotals(calls=2, input_tokens=200, output_tokens=20, cost_usd=0.001),
        }
    ),
)


@dataclass(slots=True)
class FakeContext:
    script: Any

    async def __call__(
        self, caller: Caller, bank: BankReference, query: ContextQuery
    ) -> ComposedContext:
        composed: ComposedContext = self.script.play("context", COMPOSED, caller, bank, query)
        return composed
