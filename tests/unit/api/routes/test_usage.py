import httpx2

from tests.unit.api.script import Script


async def test_use_of_models_is_summed_up(api: httpx2.AsyncClient, script: Script) -> None:
    body = (await api.get("/v1/usage?days=7")).json()

    assert (body["tokens_per_day"], body["usd_per_day"]) == (1000, None)
    assert body["days"] == [
        {
            "day": "2024-05-07",
            "purpose": "organise",
            "model": "openai/small",
            "calls": 3,
            "tries": 4,
            "failures": 1,
            "validation_errors": 2,
            "input_tokens": 900,
            "output_tokens": 90,
            "cost_usd": 0.25,
        }
    ]
    assert script.last_arguments[1] == 7
