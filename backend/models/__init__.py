"""The model collection: curated base models, models from the hub or a folder, and models that jobs made."""
