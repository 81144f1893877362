"""Lists of jobs and runs are read from indexes in the order in which they are shown."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_job_created_at", "job")
    op.drop_index("ix_job_state", "job")
    op.drop_index("ix_job_experiment_id", "job")
    op.create_index("ix_job_newest", "job", ["created_at", "uid", "state", "archived_at"])
    op.create_index("ix_job_state", "job", ["state", "created_at", "uid"])
    op.create_index("ix_job_listed", "job", ["archived_at", "state", "created_at", "uid"])
    op.create_index("ix_job_experiment_id", "job", ["experiment_id", "state", "run_id"])
    op.drop_index("ix_run_job_uid", "run")
    op.create_index("ix_run_job_uid", "run", ["job_uid", "updated_at", "id"])


def downgrade() -> None:
    for name, table in (
        ("ix_run_job_uid", "run"),
        *((name, "job") for name in ("ix_job_experiment_id", "ix_job_listed", "ix_job_state", "ix_job_newest")),
    ):
        op.drop_index(name, table)
    op.create_index("ix_run_job_uid", "run", ["job_uid"])
    op.create_index("ix_job_experiment_id", "job", ["experiment_id"])
    op.create_index("ix_job_state", "job", ["state"])
    op.create_index("ix_job_created_at", "job", ["created_at"])
