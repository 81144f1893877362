"""Shared by all pages: layout, rendering, filters, error pages, assets."""
