"""The ten functions of a Trackio Space for experiments. What it calls an experiment is a run of ours."""
