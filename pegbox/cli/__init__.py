"""The command `pegbox`: one module per command. Slow imports happen inside the commands that need them."""
