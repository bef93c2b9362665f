"""A composer that answers from a script."""

from dataclasses import dataclass
from typing import Any

from memsvc.domain.answerable.verdict import Verdict
from memsvc.domain.context.material import CitedPiece, Context, Piece, Role, Section, SectionName
from memsvc.domain.fusion import Arm
from memsvc.services.answerable import Answerability
from memsvc.services.commands import BankReference, Caller
from memsvc.services.compose_context import ComposedContext, ContextQuery
from memsvc.services.pass_through import Mode
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
    mode=Mode.RANKED,
    budget_tokens=2000,
    tokenizer="o200k_base",
    arms={Arm.LEXICAL: RECALLED.arms[Arm.LEXICAL]},
    took_ms={"search": 1.25, "total": 2.0},
    answerable=Answerability(
        verdict=Verdict(
            probability=0.25,
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
)


@dataclass(slots=True)
class FakeContext:
    script: Any

    async def __call__(
        self, caller: Caller, bank: BankReference, query: ContextQuery
    ) -> ComposedContext:
        composed: ComposedContext = self.script.play("context", COMPOSED, caller, bank, query)
        return composed
