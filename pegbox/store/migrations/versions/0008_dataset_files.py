"""A version of a dataset has several files, each stored once; uploads arrive in pieces."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LISTS = ("columns", "errors", "warnings")


def upgrade() -> None:
    op.add_column("dataset", sa.Column("hash", sa.String(), nullable=True))
    op.add_column("dataset_version", sa.Column("hash", sa.String(), nullable=True))
    op.add_column("dataset_version", sa.Column("format", sa.String(), nullable=False, server_default="csv"))
    op.add_column("dataset_version", sa.Column("files", sa.Integer(), nullable=False, server_default="1"))
    for name in LISTS:
        op.add_column("dataset_version", sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column(
        "dataset_version", sa.Column("column_mapping", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.create_table(
        "dataset_file",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("relpath", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("md5", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("encoding", sa.String(), nullable=True),
        sa.Column("delimiter", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["dataset_version.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("version_id", "position"),
    )
    op.create_index("ix_dataset_file_sha256", "dataset_file", ["sha256"])
    op.create_table(
        "upload",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("wanted_sha256", sa.String(), nullable=True),
        sa.Column("wanted_md5", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("md5", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_upload_updated_at", "upload", ["updated_at"])
    # Until now a version was one CSV; its hash, and what older ones hold, is read from the file when the backend starts.
    op.execute(
        "INSERT INTO dataset_file (version_id, position, relpath, sha256, size_bytes, format) "
        "SELECT v.id, 0, d.slug || '.csv', v.sha256, v.size_bytes, 'csv' "
        "FROM dataset_version v JOIN dataset d ON d.uid = v.dataset_uid"
    )


def downgrade() -> None:
    op.drop_table("upload")
    op.drop_table("dataset_file")
    with op.batch_alter_table("dataset_version") as table:
        for name in ("hash", "format", "files", *LISTS, "column_mapping"):
            table.drop_column(name)
    with op.batch_alter_table("dataset") as table:
        table.drop_column("hash")
