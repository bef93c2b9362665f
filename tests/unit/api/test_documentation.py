from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate

from memsvc import errors
from memsvc.api.documentation import problems

# Generated clients name their methods after these: changing one breaks them.
OPERATIONS = {
    "create_bank": "POST /v1/banks",
    "list_banks": "GET /v1/banks",
    "get_bank": "GET /v1/banks/{bank}",
    "update_bank": "PATCH /v1/banks/{bank}",
    "delete_bank": "DELETE /v1/banks/{bank}",
    "list_bank_models": "GET /v1/banks/{bank}/models",
    "reembed_bank": "POST /v1/banks/{bank}:reembed",
    "get_consolidation": "GET /v1/banks/{bank}/consolidation",
    "consolidate_bank": "POST /v1/banks/{bank}/consolidate",
    "index_state": "GET /v1/index",
    "verify_index": "POST /v1/banks/{bank}/index:verify",
    "rebuild_index": "POST /v1/banks/{bank}/index:rebuild",
    "add_episode": "POST /v1/banks/{bank}/episodes",
    "add_episodes": "POST /v1/banks/{bank}/episodes:batch",
    "add_memory": "POST /v1/banks/{bank}/memories",
    "add_memories": "POST /v1/banks/{bank}/memories:batch",
    "recall": "POST /v1/banks/{bank}/recall",
    "list_recalls": "GET /v1/banks/{bank}/recalls",
    "get_recall": "GET /v1/banks/{bank}/recalls/{recall_id}",
    "replay_decay": "POST /v1/banks/{bank}/decay:replay",
    "replay_recall": "POST /v1/banks/{bank}/recalls/{recall_id}/replay",
    "give_feedback": "POST /v1/banks/{bank}/recalls/{recall_id}/feedback",
    "compose_context": "POST /v1/banks/{bank}/context",
    "list_memories": "GET /v1/banks/{bank}/memories",
    "get_memory": "GET /v1/banks/{bank}/memories/{memory_id}",
    "list_memory_annotations": "GET /v1/banks/{bank}/memories/{memory_id}/annotations",
    "list_memory_versions": "GET /v1/banks/{bank}/memories/{memory_id}/versions",
    "update_memory": "PATCH /v1/banks/{bank}/memories/{memory_id}",
    "archive_memory": "POST /v1/banks/{bank}/memories/{memory_id}:archive",
    "restore_memory": "POST /v1/banks/{bank}/memories/{memory_id}:restore",
    "get_retention_policy": "GET /v1/banks/{bank}/retention-policy",
    "set_retention_policy": "PUT /v1/banks/{bank}/retention-policy",
    "clear_retention_policy": "DELETE /v1/banks/{bank}/retention-policy",
    "get_calibration": "GET /v1/banks/{bank}/calibration",
    "set_calibration": "PUT /v1/banks/{bank}/calibration",
    "clear_calibration": "DELETE /v1/banks/{bank}/calibration",
    "preview_prune": "POST /v1/banks/{bank}/prune:preview",
    "prune_bank": "POST /v1/banks/{bank}/prune",
    "forecast_decay": "POST /v1/banks/{bank}/decay:forecast",
    "graph_statistics": "GET /v1/banks/{bank}/graph",
    "list_entities": "GET /v1/banks/{bank}/graph/entities",
    "get_entity": "GET /v1/banks/{bank}/graph/entity",
    "find_path": "GET /v1/banks/{bank}/graph/path",
    "graph_around": "GET /v1/banks/{bank}/graph/around",
    "list_mentions": "GET /v1/banks/{bank}/graph/mentions",
    "list_facts": "GET /v1/banks/{bank}/graph/facts",
    "give_facts": "POST /v1/banks/{bank}/graph/facts",
    "rebuild_graph": "POST /v1/banks/{bank}/graph:rebuild",
    "list_reviews": "GET /v1/banks/{bank}/reviews",
    "accept_review": "POST /v1/banks/{bank}/reviews/{review_id}/accept",
    "reject_review": "POST /v1/banks/{bank}/reviews/{review_id}/reject",
    "think": "POST /v1/banks/{bank}/thoughts:think",
    "insert_thought": "POST /v1/banks/{bank}/thoughts",
    "merge_thoughts": "POST /v1/banks/{bank}/thoughts:merge",
    "forget_thought": "POST /v1/banks/{bank}/thoughts/{memory_id}:forget",
    "erase_memories": "POST /v1/banks/{bank}/erasures",
    "list_erasures": "GET /v1/banks/{bank}/erasures",
    "get_erasure": "GET /v1/banks/{bank}/erasures/{erasure_id}",
    "get_erasure_key": "GET /v1/erasures/public-key",
    "list_portrait_versions": "GET /v1/banks/{bank}/portraits/{user_id}/versions",
    "list_summaries": "GET /v1/banks/{bank}/summaries",
    "list_events": "GET /v1/banks/{bank}/events",
    "get_portrait": "GET /v1/banks/{bank}/portraits/{user_id}",
    "list_operations": "GET /v1/banks/{bank}/operations",
    "get_operation": "GET /v1/banks/{bank}/operations/{operation_id}",
    "list_effects": "GET /v1/banks/{bank}/operations/{operation_id}/effects",
    "undo_operation": "POST /v1/banks/{bank}/operations/{operation_id}/undo",
    "model_usage": "GET /v1/usage",
    "list_jobs": "GET /v1/jobs",
    "get_job": "GET /v1/jobs/{job_id}",
    "retry_job": "POST /v1/jobs/{job_id}:retry",
    "cancel_job": "POST /v1/jobs/{job_id}:cancel",
    "get_health": "GET /healthz",
    "get_readiness": "GET /readyz",
    "get_metrics": "GET /metrics",
    "get_version": "GET /v1/version",
}
PUBLIC = {"get_health", "get_readiness"}
CHANGES = {
    *("create_bank", "update_bank", "delete_bank", "update_memory", "archive_memory"),
    *("restore_memory", "retry_job", "add_episode", "add_episodes", "add_memory", "add_memories"),
    *("consolidate_bank", "reembed_bank", "cancel_job", "undo_operation"),
    *("accept_review", "reject_review", "erase_memories", "give_feedback"),
    *("set_retention_policy", "clear_retention_policy", "prune_bank", "rebuild_graph"),
    *("think", "insert_thought", "merge_thoughts", "forget_thought"),
    *("give_facts", "set_calibration", "clear_calibration"),
}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@pytest.fixture
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation | {"at": f"{method.upper()} {path}"}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_operation_ids_are_stable(operations: dict[str, dict[str, Any]]) -> None:
    assert {name: operation["at"] for name, operation in operations.items()} == OPERATIONS


def test_every_operation_is_described_and_tagged(
    document: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    tags = {tag["name"] for tag in document["tags"]}

    for operation in operations.values():
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        assert len(operation["tags"]) == 1


def test_every_refusal_is_declared_as_a_problem(
    operations: dict[str, dict[str, Any]],
) -> None:
    for name in OPERATIONS.keys() - PUBLIC:
        responses = operations[name]["responses"]
        assert {"401", "403", "500", "504"} <= responses.keys()
        for status, response in responses.items():
            if int(status) >= 400:
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }, (name, status)


def test_the_frameworks_own_error_schema_is_gone(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert "Problem" in schemas
    assert "HTTPValidationError" not in schemas


def test_every_change_takes_an_idempotency_key(
    operations: dict[str, dict[str, Any]],
) -> None:
    takers = {
        name
        for name, operation in operations.items()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
    }

    assert takers == CHANGES


def test_the_key_is_declared_for_all_but_the_probes(
    document: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    open_to_all = {name for name, operation in operations.items() if not operation.get("security")}

    assert open_to_all == PUBLIC
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_limits_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    k = schemas["RecallRequest"]["properties"]["k"]
    assert (k["minimum"], k["maximum"], k["default"]) == (1, 200, 10)
    assert schemas["RecallRequest"]["properties"]["query"]["maxLength"] == 8192
    assert schemas["DocumentBody"]["properties"]["text"]["maxLength"] == 1_000_000
    assert schemas["MessageBody"]["properties"]["text"]["maxLength"] == 100_000
    assert schemas["AddMemoriesRequest"]["properties"]["memories"]["maxItems"] == 1000


def test_every_member_of_an_answer_is_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for name, schema in schemas.items():
        if name.endswith(("Response", "Page")) and "Health" not in name and "Version" not in name:
            assert set(schema["required"]) == set(schema["properties"]), name


def test_problems_of_one_status_share_a_description() -> None:
    responses = problems(errors.BankNotFoundError, errors.MemoryNotFoundError)

    assert responses[404]["description"] == "Not Found: `bank_not_found`, `memory_not_found`"
