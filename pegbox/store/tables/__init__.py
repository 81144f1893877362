"""Table classes, data only, one per file. Each docstring names the only service that writes to the table."""

from pegbox.store.tables.api_token import ApiToken
from pegbox.store.tables.artifact_version import ArtifactUse, ArtifactVersion
from pegbox.store.tables.audit_entry import AuditEntry
from pegbox.store.tables.dataset import Dataset
from pegbox.store.tables.dataset_file import DatasetFile
from pegbox.store.tables.dataset_version import DatasetVersion
from pegbox.store.tables.document import Document
from pegbox.store.tables.experiment import Experiment
from pegbox.store.tables.gpu_lease import GpuLease
from pegbox.store.tables.job import Job
from pegbox.store.tables.job_dependency import JobDependency
from pegbox.store.tables.login import Login
from pegbox.store.tables.metric_batch import MetricBatch
from pegbox.store.tables.model import Model
from pegbox.store.tables.record_id import RecordId
from pegbox.store.tables.resource_sample import ResourceSample
from pegbox.store.tables.run import Run
from pegbox.store.tables.run_artifact import RunArtifact
from pegbox.store.tables.run_event import RunEvent
from pegbox.store.tables.run_media import RunMedia
from pegbox.store.tables.run_sample import RunSample
from pegbox.store.tables.training_mode import TrainingMode
from pegbox.store.tables.upload import Upload
from pegbox.store.tables.user import User
from pegbox.store.tables.utc_datetime import UtcDateTime, now
from pegbox.store.tables.worker import Worker

__all__ = [
    "ApiToken",
    "ArtifactUse",
    "ArtifactVersion",
    "AuditEntry",
    "Dataset",
    "DatasetFile",
    "DatasetVersion",
    "Document",
    "Experiment",
    "GpuLease",
    "Job",
    "JobDependency",
    "Login",
    "MetricBatch",
    "Model",
    "RecordId",
    "ResourceSample",
    "Run",
    "RunArtifact",
    "RunEvent",
    "RunMedia",
    "RunSample",
    "TrainingMode",
    "Upload",
    "User",
    "UtcDateTime",
    "Worker",
    "now",
]
