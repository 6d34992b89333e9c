"""What the API takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from comment_page.services.uploads import UPLOAD_ID
from include.analysis.bounds import BATCH_SIZE_BOUNDS, DEFAULT_MEMORY_MB, MEMORY_BOUNDS, WORKERS_BOUNDS

FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AnalysisName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
BatchSize = Annotated[int, Field(ge=BATCH_SIZE_BOUNDS[0], le=BATCH_SIZE_BOUNDS[1])]
Workers = Annotated[int, Field(ge=WORKERS_BOUNDS[0], le=WORKERS_BOUNDS[1])]
MemoryMb = Annotated[int, Field(ge=MEMORY_BOUNDS[0], le=MEMORY_BOUNDS[1])]

State = Literal["queued", "running", "success", "partial_success", "failed", "cancelled", "skipped"]
Phase = Literal["queued", "splitting", "analysing", "aggregating", "reporting", "finished"]
FileOfResults = Literal[
    "report.html",
    "report.xlsx",
    "comments.csv",
    "comments_unique.csv",
    "quarantine.csv",
    "results.json",
    "comments.parquet",
    "comments_unique.parquet",
]


class Problem(BaseModel):
    """What is wrong, in plain words; `code` names the error for programs."""

    model_config = ConfigDict(json_schema_extra={"example": {"detail": "there is no such job"}})

    detail: str
    code: str | None = None


class Reading(BaseModel):
    """How an export is read and cut; what is left out is detected or planned."""

    analyses: Annotated[list[AnalysisName], Field(max_length=50)] | None = Field(
        None, description="Which to run; all when left out.", examples=[["duplicates", "emotions", "themes"]]
    )
    batch_size: BatchSize | None = Field(None, description="Rows in a batch. The answers do not depend on it.")
    n_workers: Workers | None = Field(None, description="Tasks at once to plan for; one per core when left out.")
    max_memory_mb: MemoryMb | None = Field(
        None, description=f"Memory of one task, MiB; {DEFAULT_MEMORY_MB} when left out."
    )
    text_column: ShortText | None = Field(None, description="The column of the comments.")
    sheet: ShortText | None = Field(None, description="Of a workbook.")
    encoding: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = Field(
        None, description="Of a text file: utf-8, utf-16, cp1252, latin-1."
    )
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=3)] | None = Field(
        None, description="Of a text file: one character, or tab."
    )


class PreviewQuery(Reading):
    """Which export to look into, and what is known of it."""

    file: FileName = Field(description="A name from the list of exports, or an upload id.", examples=["comments.csv"])


class ProcessRequest(Reading):
    """What to analyse. Without `input_path` and `upload_id` the newest export of the inbox is taken."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"upload_id": "marzo-0f3a9c51d2e47b68.csv"},
                {"input_path": "comments_2025-03-01.csv", "analyses": ["duplicates", "emotions"], "batch_size": 5000},
            ]
        },
    )

    input_path: FileName | None = Field(None, description="A file of the inbox, by its name there or its path.")
    upload_id: Annotated[str, StringConstraints(pattern=UPLOAD_ID, max_length=100)] | None = Field(
        None, description="What the upload has answered."
    )

    @model_validator(mode="after")
    def one_input(self) -> ProcessRequest:
        """Refuse two inputs."""
        if self.input_path and self.upload_id:
            raise ValueError("give input_path or upload_id, not both")
        return self


class Job(BaseModel):
    """A run that has been accepted. `job_id` is the id of the run of the DAG."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": "page__2025-03-01T12.30.00__5f0c2b1d",
                "state": "queued",
                "status_url": "/comment-analysis/api/batch/status/page__2025-03-01T12.30.00__5f0c2b1d",
            }
        }
    )

    job_id: str
    state: State
    status_url: str


class JobStatus(BaseModel):
    """How far a job is. Counts of rows are of the export: a row is processed when every analysis has answered it."""

    job_id: str
    input_name: str | None = Field(None, description="What is analysed.", examples=["comments_2025-03-01.csv"])
    state: State = Field(description="How the job stands, its results considered.")
    airflow_state: str = Field(description="The state of the run in Airflow: queued, running, success or failed.")
    phase: Phase
    percentage: float = Field(ge=0, le=100, examples=[62.5])
    processed: int = Field(ge=0, description="Rows.", examples=[25000])
    total: int | None = Field(None, description="Rows; known when the export has been split.", examples=[40000])
    elapsed_seconds: float = Field(ge=0, examples=[12.4])
    eta_seconds: float | None = Field(None, description="Estimated seconds until the last row is processed.")
    items_per_second: float = Field(ge=0, description="Rows a second, all analyses done.", examples=[2016.1])
    average_batch_time: float | None = Field(
        None, description="Seconds that an analysis takes for a batch.", examples=[0.8]
    )
    batches_completed: int = Field(ge=0, examples=[5])
    batches_total: int | None = Field(None, examples=[8])
    retries: int = Field(ge=0, description="Tries of batches after the first.", examples=[0])
    error_count: int = Field(ge=0, description="Tries that failed; at the end the errors of the results.", examples=[0])
    duplicates_found: int | None = Field(
        None, description="Rows so far that repeat another one of them; none while that is not known cheaply."
    )
    memory_mb: float | None = Field(None, description="The highest memory of a task so far, MiB.", examples=[181.3])
    message: str | None = Field(None, description="Why the job failed, was skipped or is not complete.")
    started: datetime | None = None
    ended: datetime | None = None


class Run(BaseModel):
    """A job in the list of jobs."""

    job_id: str
    state: State
    airflow_state: str
    run_type: str = Field(examples=["manual"])
    input_name: str | None = Field(None, examples=["comments_2025-03-01.csv"])
    rows: int | None = Field(None, examples=[40000])
    queued: datetime | None
    started: datetime | None
    ended: datetime | None
    user: str | None = Field(None, description="Who started it; none for the schedule.")


class RunPage(BaseModel):
    """A page of jobs, the newest first."""

    runs: list[Run]
    total_entries: int


class ExportFile(BaseModel):
    """An export that can be analysed. `name` is what `input_path` takes."""

    name: str = Field(examples=["comments_2025-03-01.csv"])
    bytes: int
    modified: datetime
    uploaded: bool


class ExportPage(BaseModel):
    """A page of exports, the newest first."""

    files: list[ExportFile]
    total_entries: int


class Upload(ExportFile):
    """A file that was taken."""

    upload_id: str = Field(examples=["marzo-0f3a9c51d2e47b68.csv"])


class Preview(BaseModel):
    """How an export is read. `detected` names what was not given; personal data in the rows is masked."""

    file: str
    format: str = Field(examples=["csv"])
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    sheets: list[str]
    header_line: int
    columns: list[str]
    text_column: str
    detected: list[str]
    rows: list[list[str]]
    estimated_rows: int
    batch_size: int
    planned_batches: int
    batch_size_reason: str


class Comment(BaseModel):
    """A row of the annotated export; personal data is masked."""

    row: int
    text: str
    emotion: str | None
    scores: dict[str, float]
    themes: list[str]
    duplicate_of: int | None
    near_duplicate_of: int | None


class CommentPage(BaseModel):
    """A page of comments, in the order of the export."""

    comments: list[Comment]
    total_entries: int = Field(description="How many match the filters.")


class ResultFile(BaseModel):
    """A file of the results."""

    name: FileOfResults
    bytes: int


class ResultFiles(BaseModel):
    """The files of the results, those for people first."""

    files: list[ResultFile]


class Results(BaseModel):
    """The content of results.json, without where things are on the server."""

    model_config = ConfigDict(extra="allow")

    status: str
    summary: dict[str, Any]


class Names(BaseModel):
    """An id and what people call it."""

    id: str
    name: str


class Options(BaseModel):
    """What there is to choose, and what the caller may do."""

    language: Literal["es", "en"]
    analyses: list[str]
    emotions: list[Names]
    themes: list[Names]
    upload_types: list[str]
    upload_bytes: int
    batch_size: tuple[int, int]
    n_workers: tuple[int, int]
    max_memory_mb: tuple[int, int]
    may_start: bool
    may_cancel: bool
