"""Tables, migrations and the engine. Queries live with the features that ask them."""
