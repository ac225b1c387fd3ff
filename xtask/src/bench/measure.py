"""Runs a command and says what it used: measure.py FILE COMMAND...  (Rust's standard library cannot ask the system for that.)"""

import json
import os
import sys
import time

out, command = sys.argv[1], sys.argv[2:]
begin = time.monotonic()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, used = os.wait4(child, 0)
wall_s = time.monotonic() - begin
with open(out, "w") as file:
    unit = 1 if sys.platform == "darwin" else 1024
    json.dump(
        {
            "wall_s": wall_s,
            "cpu_s": used.ru_utime + used.ru_stime,
            "rss_bytes": used.ru_maxrss * unit,
            "exit": os.waitstatus_to_exitcode(status),
        },
        file,
    )
