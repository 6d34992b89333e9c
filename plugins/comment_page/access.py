"""Who may call a route: each asks for the permission on the runs of the DAG that fits what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import bearer_scheme, oauth2_scheme, requires_access_dag
from fastapi import Depends, Request

from comment_page.gate import caller

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod

DAG_ID = "comment_analysis"


Caller = Annotated[Any, Depends(caller)]
"""The user of Airflow who is calling."""
OAuth2Token = Annotated[Any, Depends(oauth2_scheme)]
BearerToken = Annotated[Any, Depends(bearer_scheme)]


def may(method: ResourceMethod) -> Any:
    """Airflow's own check, given the user whom the gate has let in: the token is not read a second time."""
    check = requires_access_dag(method, DagAccessEntity.RUN, DAG_ID)

    # The schemes are asked for nothing but to stand in the description of the API.
    def permitted(request: Request, _token: OAuth2Token, _bearer: BearerToken) -> None:
        check(request, caller(request))

    return Depends(permitted)


MAY_READ, MAY_START, MAY_EDIT = may("GET"), may("POST"), may("PUT")


def permissions(user: Any) -> dict[str, bool]:
    """What a user may do, for a page that shows no button in vain."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.models.dag import DagModel

    details = DagDetails(id=DAG_ID, team_name=DagModel.get_team_name(DAG_ID))
    manager = get_auth_manager()
    asked: dict[str, ResourceMethod] = {"may_start": "POST", "may_cancel": "PUT"}
    return {
        name: manager.is_authorized_dag(method=method, access_entity=DagAccessEntity.RUN, details=details, user=user)
        for name, method in asked.items()
    }
