"""Resource samples of the machine: read once a second, stored, thinned with age."""
