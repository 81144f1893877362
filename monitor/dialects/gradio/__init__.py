"""Gradio's protocols: named functions over HTTP, in two steps or through a queue."""
