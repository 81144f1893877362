"""Experiments have tags and a star; a job belongs to an experiment before its run begins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("experiment", sa.Column("tags", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("experiment", sa.Column("starred", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("experiment_id", sa.String(), nullable=True))
    op.create_index("ix_job_experiment_id", "job", ["experiment_id"])
    # Jobs whose run has begun are where it is; the others are told when a worker claims them.
    op.execute("UPDATE job SET experiment_id = (SELECT run.experiment_id FROM run WHERE run.id = job.run_id)")


def downgrade() -> None:
    op.drop_index("ix_job_experiment_id", "job")
    op.drop_column("job", "experiment_id")
    op.drop_column("experiment", "starred")
    op.drop_column("experiment", "tags")
