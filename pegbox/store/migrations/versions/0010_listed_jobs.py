"""The dashboard's list of jobs is read in its order; archived ones, nearly always few, are counted from an index of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_job_listed", "job")
    op.create_index("ix_job_listed", "job", ["archived_at", "created_at", "uid"])
    is_archived = sa.text("archived_at IS NOT NULL")
    op.create_index("ix_job_archived", "job", ["state"], sqlite_where=is_archived, postgresql_where=is_archived)


def downgrade() -> None:
    op.drop_index("ix_job_archived", "job")
    op.drop_index("ix_job_listed", "job")
    op.create_index("ix_job_listed", "job", ["archived_at", "state", "created_at", "uid"])
