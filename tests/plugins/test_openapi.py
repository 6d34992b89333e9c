"""The description of the API, and schemathesis, which tries what it describes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.mounted import API, PREFIX, Mounted

EXAMPLES = 15
"""For each operation, of good and of bad requests."""


def document(airflow: Mounted) -> dict[str, Any]:
    found: dict[str, Any] = airflow.client("vera").get(f"{API}/openapi.json").json()
    return found


def test_every_route_is_described_with_its_errors(airflow: Mounted) -> None:
    described = document(airflow)
    assert described["servers"] == [{"url": PREFIX}]
    operations = [one for path in described["paths"].values() for one in path.values()]
    assert len(operations) >= 13
    for operation in operations:
        assert operation["summary"] and operation["tags"]
        assert {"401", "403"} <= set(operation["responses"])
        assert operation["security"], "the token is described, too"
    body = described["components"]["schemas"]["ProcessRequest"]
    assert body["examples"][0]["upload_id"]
    assert described["paths"]["/api/uploads"]["post"]["requestBody"]["content"]["application/octet-stream"]


@pytest.mark.slow
def test_schemathesis_finds_no_error_and_no_answer_that_is_not_described(airflow: Mounted, finished: str) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import checks as known

    headers = {"Authorization": f"Bearer {airflow.token('uma')}"}
    schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", airflow.app, headers=headers)
    checks = [
        *(known.not_a_server_error, known.status_code_conformance, known.content_type_conformance),
        *(known.response_headers_conformance, known.response_schema_conformance),
    ]
    statuses: dict[str, set[int]] = {}

    def attempt(case: schemathesis.Case) -> None:
        if case.path_parameters.get("job_id") and len(case.path_parameters["job_id"]) % 2:
            case.path_parameters["job_id"] = finished
        response = case.call(headers=headers)
        statuses.setdefault(case.operation.label, set()).add(response.status_code)
        case.validate_response(response, checks=checks)

    thrift = settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for mode in schemathesis.GenerationMode:
        for result in schema.get_all_operations():
            thrift(given(case=result.ok().as_strategy(generation_mode=mode))(attempt))()
    assert len(statuses) >= 13
    assert sum(bool(found & {200, 201, 202}) for found in statuses.values()) >= 10, statuses
