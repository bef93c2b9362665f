"""The ranking's version stands for what it finds: whoever changes the one changes the other."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from httpx2 import ASGITransport
from memsvc_client import AsyncBank, AsyncClient, Message

from memsvc.api.app import create_app
from memsvc.bootstrap import build_application
from memsvc.domain.fusion import RANKING_VERSION
from memsvc.services.embedders import Embedders
from memsvc.setting_groups.recalling import GraphSettings, RecallSettings
from memsvc.settings import ApiSettings, OrganiseSettings, Settings
from memsvc.store.engine import normalise_url
from tests.fixtures.application import LOCAL
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder

TALKS = {
    "2024-05-01T10:00:00Z": [
        ("Melanie", "I went to a pottery class at Riverside Studio and made two bowls."),
        ("Caroline", "Your bowls from Riverside Studio must look great!"),
        ("Melanie", "I painted the bowls with my kids."),
        ("Caroline", "I signed up for a charity race in Lisbon."),
    ],
    "2024-06-12T18:00:00Z": [
        ("Caroline", "The race in Lisbon was hot, I ran it in two hours."),
        ("Melanie", "Two hours is great, I only ran in the park."),
        ("Caroline", "Next I want to learn pottery, too."),
        ("Melanie", "Come to Riverside Studio with me, the class starts in July."),
    ],
}
FOUND: dict[int, dict[str, list[tuple[str, float]]]] = {
    2: {
        "Where did Melanie make bowls?": [
            ("Two hours is great, I on", 0.52945),
            ("I painted the bowls with", 0.52449),
            ("I went to a pottery clas", 0.51099),
            ("Come to Riverside Studio", 0.49899),
        ],
        "What did Caroline do first?": [
            ("Your bowls from Riversid", 0.53084),
            ("I signed up for a charit", 0.51917),
            ("Next I want to learn pot", 0.38635),
            ("The race in Lisbon was h", 0.34867),
        ],
        "Who ran a race on 12 June 2024?": [
            ("The race in Lisbon was h", 0.56963),
            ("Next I want to learn pot", 0.46867),
            ("Two hours is great, I on", 0.44714),
            ("Come to Riverside Studio", 0.4116),
        ],
        "Which class starts at Riverside Studio?": [
            ("Come to Riverside Studio", 0.5788),
            ("I went to a pottery clas", 0.57006),
            ("Your bowls from Riversid", 0.45251),
            ("I painted the bowls with", 0.43537),
        ],
    },
}
"""By version: the beginnings of what is found, with scores. Made with the encoder of tests, whose
vectors mean little: it is their being the same that counts."""


@pytest.fixture
async def bank(database: Database) -> AsyncIterator[AsyncBank]:
    """Two talks, in a service whose graph arm has all the time it needs."""
    application = build_application(
        Settings(
            organise=OrganiseSettings(automatic=False),
            recall=RecallSettings(graph=GraphSettings(budget_ms=10_000)),
        ),
        normalise_url(database.url),
        database.engine,
        Embedders(default=HashingEmbedder()),
    )
    transport = ASGITransport(create_app(application, ApiSettings()))
    async with AsyncClient(LOCAL, transport=transport, max_retries=0) as client:
        await client.create_bank("two")
        bank = client.bank("two")
        for began, turns in TALKS.items():
            at = datetime.fromisoformat(began)
            await bank.add_episode(
                [Message(text=text, speaker=speaker, occurred_at=at) for speaker, text in turns]
            )
        yield bank


async def test_a_change_of_the_ranking_raises_its_version(bank: AsyncBank) -> None:
    """Where this fails after a change that is meant: raise the version, and write what it finds."""
    for question, expected in FOUND[RANKING_VERSION].items():
        answer = await bank.recall(question, k=4, now=datetime(2024, 7, 1, tzinfo=UTC))
        assert {report.status for report in answer.arms.values()} == {"ok"}
        assert [hit.memory.text[:24] for hit in answer.hits] == [text for text, _ in expected]
        scores = [hit.score for hit in answer.hits]
        assert scores == pytest.approx([score for _, score in expected], abs=1e-4)
