"""The wire contract: pydantic only, one file per resource. Names on the wire follow the published API."""
