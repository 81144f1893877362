"""The machine: sampled once a second, kept with the time, thinned as it ages."""
