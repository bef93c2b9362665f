import httpx2
import pytest

from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import Curve, CurveForm
from memsvc.domain.retention.policy import KindRule, RetentionPolicy
from memsvc.errors import NoRetentionPolicyError
from tests.unit.api.answers import JOB_ID, NOON, OPERATION_ID, STORED_POLICY
from tests.unit.api.script import Script

AT = "/v1/banks/ada"


async def test_policy_is_read_back_as_it_is_set(api: httpx2.AsyncClient, script: Script) -> None:
    body = (await api.get(f"{AT}/retention-policy")).json()

    assert (body["version"], body["actor"]) == (2, "api")
    answer = await api.put(f"{AT}/retention-policy", json=body["policy"])
    assert answer.status_code == 200
    assert script.last_arguments[2] == STORED_POLICY.policy


async def test_what_is_not_given_is_the_default(api: httpx2.AsyncClient, script: Script) -> None:
    given = {"curve": {"form": "power"}, "kinds": {"turn": {"days": 3}}}
    await api.put(f"{AT}/retention-policy", json=given)
    assert script.last_arguments[2] == RetentionPolicy(
        curve=Curve(form=CurveForm.POWER), kinds={MemoryKind.TURN: KindRule(days=3.0)}
    )


@pytest.mark.parametrize(
    "policy",
    [
        {"threshold": -0.1},
        {"curve": {"days": 0}},
        {"curve": {"form": "linear"}},
        {"kinds": {"dream": {}}},
        {"capacity": -1},
        {"reinforce": "always"},
        {"forever": True},
    ],
)
async def test_policy_that_means_nothing_is_refused(
    api: httpx2.AsyncClient, script: Script, policy: dict[str, object]
) -> None:
    assert (await api.put(f"{AT}/retention-policy", json=policy)).status_code == 422
    assert script.calls == []


async def test_policy_is_cleared(api: httpx2.AsyncClient, script: Script) -> None:
    assert (await api.delete(f"{AT}/retention-policy")).status_code == 200
    assert script.last_arguments[2] is None


async def test_bank_without_a_policy_says_so(api: httpx2.AsyncClient, script: Script) -> None:
    script.answers["retention.policy"] = None
    assert (await api.get(f"{AT}/retention-policy")).json()["policy"] is None
    script.error = NoRetentionPolicyError()
    answer = await api.post(f"{AT}/prune", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_retention_policy")


async def test_preview_is_paged_and_counted(api: httpx2.AsyncClient, script: Script) -> None:
    now = "2024-05-07T12:00:00Z"
    first = (await api.post(f"{AT}/prune:preview", json={"limit": 2, "now": now})).json()

    assert (first["examined"], first["leaving"], first["staying"]) == (5, 3, 2)
    assert first["reasons"] == {"faded": 2, "too_old": 1}
    assert (len(first["items"]), first["next_cursor"]) == (2, "2")
    assert script.last_arguments[2:] == (None, NOON)
    second = {"limit": 2, "now": now, "cursor": first["next_cursor"]}
    rest = (await api.post(f"{AT}/prune:preview", json=second)).json()
    assert ([each["reason"] for each in rest["items"]], rest["has_more"]) == (["too_old"], False)


async def test_prune_names_its_job_and_operation(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post(f"{AT}/prune", json={"policy": {"threshold": 0.2}})

    assert (answer.status_code, answer.json()["job_id"]) == (202, str(JOB_ID))
    assert answer.json()["operation_id"] == str(OPERATION_ID)
    assert script.last_arguments[2] == RetentionPolicy(threshold=0.2)


async def test_forecast_compares_policies(api: httpx2.AsyncClient, script: Script) -> None:
    body = {"days": 3, "policies": [{"threshold": 0.2}], "with_current": True, "listed": 5}
    answer = await api.post(f"{AT}/decay:forecast", json=body)

    [found] = answer.json()["forecasts"]
    assert (found["leaving"], found["staying"]) == ([1, 0, 2], 2)
    assert script.last_arguments[2] == [None, RetentionPolicy(threshold=0.2)]
    assert script.last_arguments[3] == {"days": 3, "listed": 5}
