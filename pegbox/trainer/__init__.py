"""Trains models in a child process of the worker. Only this package and `pegbox.inference` import torch."""
