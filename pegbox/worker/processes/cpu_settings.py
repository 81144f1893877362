"""Environment of a process that computes with torch on the CPU. The figures behind it stand in benchmarks/RESULTS.md."""

from __future__ import annotations

THREADS = {"GOMP_SPINCOUNT": "6000"}
"""How often GNU OpenMP's threads look for work before they sleep; read when torch is imported. The default of 300,000 burns the
core: once anything else wants it (a browser, the services), a step takes five times as long or more. Zero costs half a step on
an idle machine, because the next piece of work is always near."""

HEAP = {"MALLOC_TRIM_THRESHOLD_": "536870912", "MALLOC_MMAP_THRESHOLD_": "33554432"}
"""Bytes; read by glibc when the process starts. Its defaults give each step's memory back to the kernel, which has to clear it
again for the next one."""
