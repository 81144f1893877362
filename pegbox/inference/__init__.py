"""Loads a model and generates answers, during a training and afterwards."""
