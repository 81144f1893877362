"""Aspara's tracker API, for its clients and for scripts written against its documentation."""
