"""Packs of batches, thinned-out runs, media, artifacts, levels of alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("metric_batch", sa.Column("span", sa.BigInteger(), nullable=True))
    op.add_column("run", sa.Column("packed_seq", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("run", sa.Column("thinned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("run_event", sa.Column("level", sa.String(), nullable=True))
    op.create_table(
        "run_media",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_run_media_run_id_seq", "run_media", ["run_id", "seq"])
    op.create_table(
        "run_artifact",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "name"),
    )
    op.create_index("ix_run_artifact_sha256", "run_artifact", ["sha256"])


def downgrade() -> None:
    """Packs stay as they are: only this release and later ones can read them."""
    op.drop_table("run_artifact")
    op.drop_table("run_media")
    op.drop_column("run_event", "level")
    op.drop_column("run", "thinned_at")
    op.drop_column("run", "packed_seq")
    op.drop_column("metric_batch", "span")
