"""Gradio's protocols: named functions over HTTP, called in two steps or through a queue."""
