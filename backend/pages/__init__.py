"""The dashboard's HTML pages. Data comes from the features' services; templates and scripts from `frontend`."""
