"""Loads models and generates answers, during a training and afterwards."""
