"""A monitor on a disk that needs 10 ms more for each commit: `slow_disk_monitor.py HOST PORT`."""

import sys
import time

from sqlalchemy import Engine, event

from pegbox.cli.serve import main

DELAY_SECONDS = 0.010

event.listen(Engine, "commit", lambda _connection: time.sleep(DELAY_SECONDS))
main("monitor", sys.argv[1], int(sys.argv[2]))
