"""Request and response models of the API: pydantic only, one file per resource. Field names follow the published API."""
