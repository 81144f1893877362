"""Alembic's environment: migrates over the connection that `pegbox.store.migration.migrate` passes in."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

target_metadata = SQLModel.metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=target_metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
