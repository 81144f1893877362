"""Environment variables for processes that run torch on the CPU. benchmarks/RESULTS.md has the measurements."""

from __future__ import annotations

THREADS = {"GOMP_SPINCOUNT": "6000"}
"""How often threads of GNU OpenMP poll for work before they sleep; read when torch is imported. With the default of 300,000, a
step takes five times as long or more once another process needs the core (a browser, the services). With 0, a step takes 50 %
longer on an idle machine, because the next piece of work always follows soon."""

HEAP = {"MALLOC_TRIM_THRESHOLD_": "536870912", "MALLOC_MMAP_THRESHOLD_": "33554432"}
"""Bytes; read by glibc at process start. With the defaults, the memory of each step goes back to the kernel, which clears it
again for the next step."""
