"""The dashboard's HTML pages. Data comes from services, templates and scripts from `frontend`."""
