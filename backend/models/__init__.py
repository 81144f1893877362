"""The model collection: curated base models, models from the hub or a folder, and what jobs have made."""
