import asyncio
import math
from pathlib import Path

import pytest

from memsvc.domain.identifiers import TenantId
from memsvc.embedding.bert_graph import build_graph
from memsvc.embedding.cross_encoder import load_reranker
from memsvc.embedding.install import is_intact
from memsvc.embedding.manifest import write_manifest
from memsvc.errors import ConfigurationError, ModelNotInstalledError
from memsvc.settings import RerankSettings
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures import tiny_bert
from tests.fixtures.tiny_cross_encoder import write_cross_encoder

TENANT: TenantId = DEFAULT_TENANT
TEXTS = ["two three", "one", "one two one one", ""]


def _settings(folder: Path, **fields: int) -> RerankSettings:
    return RerankSettings(provider="onnx", model=f"folder:{folder}", **fields)


@pytest.mark.parametrize("scores", [1, 2])
async def test_each_text_is_judged_with_the_question_whatever_shares_its_batch(
    tmp_path: Path, scores: int
) -> None:
    write_cross_encoder(tmp_path, scores=scores)
    for batch_tokens in (64, 2048):
        reranker = load_reranker(_settings(tmp_path, batch_tokens=batch_tokens), [])
        found = await reranker.relevance(TENANT, "one one query", TEXTS)
        await reranker.close()

        expected = [1 / (1 + math.exp(1 - count)) for count in (0, 1, 3, 0)]
        assert found == pytest.approx(expected, abs=1e-6)


async def test_a_pair_beyond_the_window_is_cut_on_its_longer_side(tmp_path: Path) -> None:
    write_cross_encoder(tmp_path)
    reranker = load_reranker(_settings(tmp_path), [])

    [found] = await reranker.relevance(TENANT, "query", ["one " * 500])
    await reranker.close()

    # Twelve tokens, of which three frame the pair and one is the question.
    assert found == pytest.approx(1 / (1 + math.exp(1 - 8)), abs=1e-6)


async def test_it_can_be_given_up_between_batches(tmp_path: Path) -> None:
    write_cross_encoder(tmp_path)
    reranker = load_reranker(_settings(tmp_path, batch_tokens=64), [])

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await reranker.relevance(TENANT, "query", ["one two three"] * 1000)
    assert len(await reranker.relevance(TENANT, "query", ["one"])) == 1
    await reranker.close()


def test_what_gives_no_score_a_pair_is_refused(tmp_path: Path) -> None:
    tiny_bert.write_model_files(tmp_path)
    build_graph(tmp_path)
    with pytest.raises(ConfigurationError, match="no score for each pair"):
        load_reranker(_settings(tmp_path), [])
    with pytest.raises(ModelNotInstalledError, match="models install"):
        load_reranker(RerankSettings(provider="onnx"), [tmp_path])


def test_an_installed_one_is_compared_with_its_manifest(tmp_path: Path) -> None:
    folder = tmp_path / "cross-encoder--tiny"
    write_cross_encoder(folder)
    write_manifest(folder, origin="hub:cross-encoder/tiny@1", weights=["model.onnx"])
    settings = RerankSettings(provider="onnx", model="hub:cross-encoder/tiny")
    assert load_reranker(settings, [tmp_path]).name == "cross-encoder/tiny"

    (folder / "config.json").write_text("{}")
    assert not is_intact(folder)
    with pytest.raises(ModelNotInstalledError, match="damaged"):
        load_reranker(settings, [tmp_path])
