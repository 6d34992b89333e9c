"""Who may call a route: each asks for the permission on the runs of the DAG that fits what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod

DAG_ID = "comment_analysis"

MAY_READ: Any = Depends(requires_access_dag("GET", DagAccessEntity.RUN, DAG_ID))
MAY_START: Any = Depends(requires_access_dag("POST", DagAccessEntity.RUN, DAG_ID))
MAY_EDIT: Any = Depends(requires_access_dag("PUT", DagAccessEntity.RUN, DAG_ID))


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
