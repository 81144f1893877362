"""Batches are put together into packs, and points of old runs thinned out."""

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


def downgrade() -> None:
    """Packs stay as they are: only this release and later ones can read them."""
    op.drop_column("run", "thinned_at")
    op.drop_column("run", "packed_seq")
    op.drop_column("metric_batch", "span")
