"""Golden cases from what callers have said of recorded answers."""

import json
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from memsvc_client import AsyncBank, RecordedRecall
from pydantic import JsonValue

from memsvc.cli.evaluation.golden import filter_of

NO_FEEDBACK = "recalls without feedback"
REPEATED = "recalls that a newer one repeats"
OVERRULED = "judgements that a newer one on the same question overrules"


@dataclass(slots=True, kw_only=True)
class Collected:
    """Cases, the newest first, and what is left out of them, counted by why."""

    lines: list[dict[str, JsonValue]] = field(default_factory=list)
    recalls: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def written(self) -> str:
        """Return the cases as the content of a golden file."""
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)

    def as_json(self) -> dict[str, JsonValue]:
        """Return the counts as JSON."""
        return {
            "cases": len(self.lines),
            "recalls": self.recalls,
            "left_out": dict(self.left_out.most_common()),
        }


@dataclass(slots=True, kw_only=True)
class _Question:
    """What was asked, once or more often, with what was said of the answers."""

    newest: RecordedRecall
    judged: dict[UUID, bool] = field(default_factory=dict)
    """Whether it helped; else it misled."""


async def collect_cases(bank: AsyncBank, most: int, *, with_text: bool) -> Collected:
    """Make a case of each question that the newest recorded recalls asked and feedback judged.

    Without text a case names the recall that asked it. Where the same was asked several times, the
    newest recall stands for it, and of what was said of a memory the newest counts.
    """
    collected = Collected()
    questions: dict[str, _Question] = {}
    async for recall in bank.recalls():
        if collected.recalls == most:
            break
        collected.recalls += 1
        if recall.helped or recall.misled:
            _add(recall, questions, collected.left_out)
        else:
            collected.left_out[NO_FEEDBACK] += 1
    # Judgements go with their memories: those that are left are of memories that are there.
    collected.lines = [
        _line(each.newest, each.judged, with_text=with_text) for each in questions.values()
    ]
    return collected


def _add(recall: RecordedRecall, questions: dict[str, _Question], left_out: Counter[str]) -> None:
    narrowing = recall.parameters.get("filter")
    name = json.dumps([recall.query, narrowing], sort_keys=True)
    if name in questions:
        left_out[REPEATED] += 1
    question = questions.setdefault(name, _Question(newest=recall))
    said = dict.fromkeys(recall.helped, True) | dict.fromkeys(recall.misled, False)
    for memory_id, helped in said.items():
        if question.judged.setdefault(memory_id, helped) != helped:
            left_out[OVERRULED] += 1


def _line(
    recall: RecordedRecall, judged: dict[UUID, bool], *, with_text: bool
) -> dict[str, JsonValue]:
    line: dict[str, JsonValue] = {"id": str(recall.id)}
    if with_text:
        narrowing = recall.parameters.get("filter")
        kept = narrowing if isinstance(narrowing, dict) else {}
        times: dict[str, JsonValue] = {
            name: kept[name] for name in ("as_of", "known_at") if kept.get(name)
        }
        line |= {
            "question": recall.query,
            "now": recall.now.isoformat(),
            "timezone": recall.parameters.get("timezone") or "UTC",
            "filters": filter_of(kept).to_json(),
            **times,
        }
    else:
        line["recall"] = str(recall.id)
    expected: list[JsonValue] = [{"memory": str(each)} for each in judged if judged[each]]
    misleading: list[JsonValue] = [{"memory": str(each)} for each in judged if not judged[each]]
    return {**line, "expected": expected, "misleading": misleading}
