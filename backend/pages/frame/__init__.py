"""What every page shares: layout, rendering, filters, error pages, assets."""
