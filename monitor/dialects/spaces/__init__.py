"""The ten functions of a Trackio Space for experiments. A Space's experiment is a run of Pegbox."""
