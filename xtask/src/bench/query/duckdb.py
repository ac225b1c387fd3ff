"""DuckDB over the archive's live files, a question a line: duckdb.py THREADS. Answers are lines of JSON.

{"files": [...]} makes the view `events`; {"sql": "..."} says what the answer took; {"cells": "..."} gives every cell as text. Set so that DuckDB
is as fast as it can be: footers are cached (`parquet_metadata_cache`), and so are the bytes of files, which is its default. The answer goes into a
table in memory: turning rows into objects of Python is not what is measured.
"""

import json
import resource
import sys
import time

import duckdb

connection = duckdb.connect()
connection.execute(f"SET threads = {int(sys.argv[1])}")
connection.execute("SET parquet_metadata_cache = true")
connection.execute("SET TimeZone = 'UTC'")


def used():
    told = resource.getrusage(resource.RUSAGE_SELF)
    return told.ru_utime + told.ru_stime


def files(paths):
    """The partition column is in the path, and is text."""
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    connection.execute(
        f"CREATE OR REPLACE VIEW events AS SELECT * FROM read_parquet([{listed}], hive_partitioning = true, hive_types_autocast = false)"
    )
    return {"files": len(paths)}


def timed(sql):
    begin, cpu = time.perf_counter(), used()
    connection.execute("CREATE OR REPLACE TEMP TABLE answer AS " + sql)
    took = {"wall_s": time.perf_counter() - begin, "cpu_s": used() - cpu}
    (rows,) = connection.execute("SELECT count(*) FROM answer").fetchone()
    return {**took, "rows": rows}


def cells(sql):
    rows = connection.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql})").fetchall()
    return {"cells": rows}


ways = {"files": files, "sql": timed, "cells": cells}
for line in sys.stdin:
    ((word, value),) = json.loads(line).items()
    try:
        answer = ways[word](value)
    except duckdb.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
