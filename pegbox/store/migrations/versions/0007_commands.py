"""Command jobs, what a job waits for, and who holds which GPU."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("id", sa.String(), nullable=True))
    op.add_column("job", sa.Column("command", sa.String(), nullable=True))
    op.add_column("job", sa.Column("shell", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("environment", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("job", sa.Column("wanted_devices", sa.JSON(), nullable=True))
    op.add_column("job", sa.Column("devices", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("job", sa.Column("max_retries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("retries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("timeout_seconds", sa.Float(), nullable=True))
    op.add_column("job", sa.Column("source_job", sa.String(), nullable=True))
    op.create_index("ix_job_id", "job", ["id"], unique=True)
    op.create_index("ix_job_claim_token", "job", ["claim_token"])
    op.create_table(
        "job_dependency",
        sa.Column("job_uid", sa.String(), nullable=False),
        sa.Column("needs_uid", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["job_uid"], ["job.uid"]),
        sa.ForeignKeyConstraint(["needs_uid"], ["job.uid"]),
        sa.PrimaryKeyConstraint("job_uid", "needs_uid"),
    )
    op.create_index("ix_job_dependency_needs_uid", "job_dependency", ["needs_uid"])
    op.create_table(
        "gpu_lease",
        sa.Column("device_uuid", sa.String(), nullable=False),
        sa.Column("device_index", sa.Integer(), nullable=False),
        sa.Column("device_name", sa.String(), nullable=False),
        sa.Column("job_uid", sa.String(), nullable=False),
        sa.Column("worker_id", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_uid"], ["job.uid"]),
        sa.PrimaryKeyConstraint("device_uuid"),
    )
    op.create_index("ix_gpu_lease_job_uid", "gpu_lease", ["job_uid"])


def downgrade() -> None:
    op.drop_table("gpu_lease")
    op.drop_table("job_dependency")
    op.drop_index("ix_job_claim_token", "job")
    op.drop_index("ix_job_id", "job")
    for name in (
        *("source_job", "timeout_seconds", "retry_at", "retries", "max_retries", "devices", "wanted_devices"),
        *("environment", "shell", "command", "id"),
    ):
        op.drop_column("job", name)
