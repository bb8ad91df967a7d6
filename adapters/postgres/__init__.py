"""PostgreSQL: embedded server, migrations, event store, read models, data keys."""
