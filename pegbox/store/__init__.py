"""Tables, migrations and the engine. Queries belong to the features that need them."""
