# Generated queries in Trino's dialect: the program under test against sqlglot (trino -> duckdb) and DuckDB, over the same rows.
#
# argv: the program, its home, the seed, how many. Prints one JSON document: how many were equal, how many differ for a reason that is in
# EXPLAINED, and the others in full.
import datetime, json, random, re, subprocess, sys, tempfile, os

import duckdb, sqlglot

# What may differ, and why. A difference that no line explains fails the test.
EXPLAINED = [
    (r"\bsplit_part\(", "a part that is not there is null in Trino, and '' in DuckDB"),
    (r"\bregexp_extract\(", "no match is null in Trino, and '' in DuckDB"),
    (r"\barray_distinct\(", "Trino keeps the order, DuckDB does not"),
    (r"\bcount_if\(", "sqlglot makes it a sum, which is null where Trino counts 0"),
    (r"\bregexp_extract_all\(", "sqlglot 30.30 gives DuckDB's regexp_extract_all no group, which then answers with lists of groups"),
]

TEXT = ["eventName", "eventSource", "awsRegion", "sourceIPAddress", "userIdentity.arn", "userIdentity.type", "userIdentity.userName",
        "errorCode", "recipientAccountId", "eventID", "userAgent", "userIdentity.sessionContext.sessionIssuer.userName"]
GROUPS = ["eventName", "eventSource", "awsRegion", "userIdentity.type", "errorCode", "readOnly", "date(eventTime)", "hour(eventTime)",
          "userIdentity.userName", "date_trunc('hour', eventTime)", "split_part(eventSource, '.', 1)"]
KEYS = ["bucketName", "roleArn", "userName", "instanceId", "name", "maxResults", "policyArn", "nothing"]


def pick(dice, *choices):
    return dice.choice(choices)


def text(dice):
    field = dice.choice(TEXT)
    return pick(dice, field, field, f"lower({field})", f"upper({field})", f"split_part({field}, '.', {dice.randint(1, 3)})",
                f"substr({field}, {dice.randint(1, 5)}, {dice.randint(1, 9)})", f"replace({field}, 'a', 'X')", f"coalesce({field}, 'none')",
                f"concat({field}, '/', eventName)", f"{field} || '-' || awsRegion", f"regexp_extract({field}, '[a-z]+')",
                f"regexp_replace({field}, '[0-9]+', '#')", f"element_at(requestParameters, '{dice.choice(KEYS)}')",
                f"requestParameters['{dice.choice(KEYS)}']", f"if(readOnly, {field}, 'w')", f"reverse({field})", f"trim({field})",
                f"CASE WHEN {field} IS NULL THEN 'null' ELSE {field} END", f"nullif({field}, 'us-east-1')", f"lpad(awsRegion, 12, '*')",
                f"json_extract_scalar(eventJson, '$.{dice.choice(['eventName', 'userIdentity.arn', 'tlsDetails.tlsVersion', 'sourceIPAddress'])}')",
                f"date_format(eventTime, '%Y-%m-%d %H:%i')", f"CAST(readOnly AS varchar)", f"CAST(length({field}) AS varchar)")


def number(dice):
    field = dice.choice(TEXT)
    unit = dice.choice(["minute", "hour", "day"])
    return pick(dice, f"length({field})", f"strpos({field}, 'a')", "hour(eventTime)", "minute(eventTime)", "day(eventTime)", "month(eventTime)",
                "year(eventTime)", "day_of_week(eventTime)", "second(eventTime)", "week(eventTime)", "quarter(eventTime)", "day_of_year(eventTime)",
                f"date_diff('{unit}', timestamp '2023-07-10 00:00:00', eventTime)", f"length({field}) % 7", f"length({field}) * 2 + 1",
                f"cardinality(split({field}, '.'))", f"greatest(length({field}), 10)", f"least(length(eventName), 12)",
                f"abs(length(eventName) - {dice.randint(1, 20)})", f"bitwise_and(length(eventName), 7)",
                f"try_cast(element_at(requestParameters, 'maxResults') AS bigint)")


def time(dice):
    unit = dice.choice(["minute", "hour", "day", "week", "month"])
    return pick(dice, "eventTime", f"date_trunc('{unit}', eventTime)", f"date_add('{unit}', {dice.randint(-40, 40)}, eventTime)",
                f"eventTime + INTERVAL '{dice.randint(1, 9)}' {unit if unit != 'week' else 'day'}", "date(eventTime)", "CAST(eventTime AS date)")


def condition(dice, depth=0):
    field = dice.choice(TEXT)
    one = pick(dice, f"{field} IS NOT NULL", f"{field} IS NULL", f"{field} LIKE '%{dice.choice(['a', 'Get', 'iam', 'user', '_x'])}%'",
               f"{text(dice)} = '{dice.choice(['us-east-1', 'GetObject', 'IAMUser', 'none', 'ec2'])}'", "readOnly = true", "readOnly = false", "NOT readOnly",
               f"{number(dice)} > {dice.randint(0, 30)}", f"{number(dice)} BETWEEN {dice.randint(0, 9)} AND {dice.randint(10, 40)}",
               f"eventTime > timestamp '2023-07-10 12:{dice.randint(0, 59):02}:00'", f"eventTime < '2023-07-10 12:{dice.randint(0, 59):02}:00'",
               f"eventName IN ('GetObject', 'DescribeInstances', 'AssumeRole', 'RunInstances')", f"regexp_like({field}, '^[A-Za-z]+$')",
               f"{field} IS DISTINCT FROM 'IAMUser'", f"element_at(requestParameters, '{dice.choice(KEYS)}') IS NOT NULL",
               f"eventSource NOT IN ('s3.amazonaws.com', 'iam.amazonaws.com')", f"starts_with({field}, 'arn')",
               f"contains(split(eventSource, '.'), '{dice.choice(['iam', 'ec2', 'amazonaws', 'x'])}')",
               f"any_match(split(userAgent, ' '), part -> part LIKE 'aws%')")
    if depth < 2 and dice.random() < 0.4:
        return f"({one} {dice.choice(['AND', 'OR'])} {condition(dice, depth + 1)})"
    return f"NOT ({one})" if dice.random() < 0.1 else one


def aggregate(dice):
    field = dice.choice(TEXT)
    return pick(dice, "count(*)", f"count({field})", f"count(DISTINCT {field})", f"min({field})", f"max({field})", "min(eventTime)", "max(eventTime)",
                f"sum({number(dice)})", f"avg({number(dice)})", f"count_if({condition(dice, 2)})", f"max_by(eventID, concat(CAST(eventTime AS varchar), eventID))",
                f"min_by(eventID, concat(CAST(eventTime AS varchar), eventID))", f"bool_or({condition(dice, 2)})", f"bool_and(readOnly)",
                f"array_agg(DISTINCT {field} ORDER BY {field})", f"count(*) FILTER (WHERE {condition(dice, 2)})",
                f"cardinality(array_agg({field}))", f"array_join(array_sort(array_agg(DISTINCT awsRegion)), ',')")


def window(dice):
    over = f"OVER (PARTITION BY {dice.choice(GROUPS[:5])} ORDER BY eventTime, eventID)"
    return pick(dice, f"row_number() {over}", f"rank() {over}", f"lag(eventName) {over}", f"lead(eventTime, 2) {over}", f"count(*) {over}",
                f"first_value(eventID) {over}", f"sum(length(eventName)) {over}", f"max(eventTime) {over}", f"dense_rank() {over}")


def listed(dice):
    field = dice.choice(["eventSource", "userAgent", "userIdentity.arn"])
    split = f"split({field}, '{dice.choice(['.', ' ', ':'])}')"
    return pick(dice, f"cardinality({split})", f"element_at({split}, {dice.choice([1, 2, 9])})", f"transform({split}, x -> upper(x))", f"filter({split}, x -> length(x) > 3)",
                f"array_distinct({split})", f"array_join({split}, '+')", f"array_sort({split})", f"slice({split}, 1, 2)", f"array_max({split})",
                f"any_match({split}, x -> x = 'amazonaws')", f"all_match({split}, x -> length(x) > 1)", f"none_match({split}, x -> x = 'x')")


def query(dice):
    where = f" WHERE {condition(dice)}" if dice.random() < 0.7 else ""
    kind = dice.random()
    if kind < 0.28:
        items = [dice.choice([text, number, time])(dice) for _ in range(dice.randint(1, 4))]
        return f"SELECT eventID, {', '.join(items)} FROM events{where} ORDER BY eventID LIMIT {dice.randint(5, 60)}"
    if kind < 0.36:
        items = [listed(dice) for _ in range(dice.randint(1, 3))]
        return f"SELECT eventID, {', '.join(items)} FROM events{where} ORDER BY eventID LIMIT {dice.randint(5, 60)}"
    if kind < 0.66:
        keys = dice.sample(GROUPS, dice.randint(1, 3))
        having = f" HAVING count(*) > {dice.randint(0, 5)}" if dice.random() < 0.3 else ""
        items = [aggregate(dice) for _ in range(dice.randint(1, 3))]
        return f"SELECT {', '.join(keys + items)} FROM events{where} GROUP BY {', '.join(str(at + 1) for at in range(len(keys)))}{having}"
    if kind < 0.76:
        return f"SELECT eventID, {window(dice)}, {window(dice)} FROM events{where} ORDER BY eventID LIMIT 80"
    if kind < 0.84:
        inner = f"SELECT eventID, {text(dice)} AS x, {number(dice)} AS n, row_number() OVER (PARTITION BY eventName ORDER BY eventTime, eventID) AS r FROM events{where}"
        return f"WITH t AS ({inner}) SELECT x, count(*), sum(n) FROM t WHERE r <= {dice.randint(1, 4)} GROUP BY x"
    if kind < 0.90:
        sides = [f"SELECT {dice.choice(TEXT)} AS x FROM events WHERE {condition(dice)}" for _ in range(2)]
        return f"{sides[0]} {dice.choice(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'])} {sides[1]}"
    if kind < 0.96:
        return (f"SELECT part, count(*) AS n FROM events CROSS JOIN UNNEST(split({dice.choice(['userAgent', 'eventSource'])}, '{dice.choice([' ', '.'])}')) AS t(part)"
                f"{where} GROUP BY part")
    join = dice.choice(["JOIN", "LEFT JOIN"])
    return (f"SELECT a.userIdentity.arn, count(*), max(b.n) FROM events a {join} (SELECT eventName, count(*) AS n FROM events{where} GROUP BY eventName) b "
            f"ON a.eventName = b.eventName GROUP BY a.userIdentity.arn")


COLUMNS = ["eventID", "eventName", "eventSource", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "recipientAccountId", "readOnly", "eventTime", "requestParameters", "eventJson"]


def ask(program, home, sql, more=()):
    done = subprocess.run([program, "query", sql, "--home", home, "-o", "json", *more], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[:400])
    rows = json.loads(done.stdout or "[]")
    return [[plain(value) for value in row.values()] for row in rows]


def table(program, home):
    folder = tempfile.mkdtemp()
    file = os.path.join(folder, "events.parquet")
    identity = "userIdentity.arn AS ui_arn, userIdentity.type AS ui_type, userIdentity.userName AS ui_name, userIdentity.sessionContext.sessionIssuer.userName AS ui_issuer"
    subprocess.run([program, "query", f"SELECT {', '.join(COLUMNS)}, {identity} FROM events", "--home", home, "-o", f"parquet={file}"], check=True, capture_output=True)
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'; SET threads = 1")
    duck.execute(f"""CREATE TABLE events AS SELECT * EXCLUDE (ui_arn, ui_type, ui_name, ui_issuer, requestParameters, eventTime),
        CAST(eventTime AT TIME ZONE 'UTC' AS TIMESTAMP) AS eventTime,
        {{'arn': ui_arn, 'type': ui_type, 'userName': ui_name, 'sessionContext': {{'sessionIssuer': {{'userName': ui_issuer}}}}}} AS userIdentity,
        CASE WHEN requestParameters IS NOT NULL THEN map(json_keys(requestParameters), list_transform(json_keys(requestParameters),
            lambda k: json_extract_string(requestParameters, '$."' || k || '"'))) END AS requestParameters
        FROM read_parquet('{file}')""")
    return duck


def plain(value):
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(f"{float(value):.6g}") if abs(value) < 1e15 else value
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", value):
        return value[:19]
    if type(value).__name__ == "Decimal":
        return float(f"{float(value):.6g}")
    return value


def sorted_rows(rows):
    # Midnights and dates look alike: a date is what Trino gives for date functions, a time what DuckDB gives for some of them.
    flat = [[cell[:10] if isinstance(cell, str) and cell.endswith("T00:00:00") else cell for cell in row] for row in rows]
    return sorted(json.dumps(row, ensure_ascii=False) for row in flat)


def main():
    program, home, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    duck = table(program, home)
    dice, equal, explained, refused, other = random.Random(seed), 0, 0, 0, []
    while equal + explained + len(other) < count and refused < count:
        sql = query(dice)
        try:
            theirs = sorted_rows([[plain(value) for value in row] for row in duck.execute(sqlglot.transpile(sql, read="trino", write="duckdb")[0]).fetchall()])
        except Exception:
            # What sqlglot or DuckDB cannot do says nothing about us.
            refused += 1
            continue
        try:
            ours = sorted_rows(ask(program, home, sql))
        except RuntimeError as error:
            other.append({"sql": sql, "error": str(error)})
            continue
        if ours == theirs:
            equal += 1
        elif any(re.search(pattern, sql) for pattern, _ in EXPLAINED):
            explained += 1
        else:
            only = [row for row in ours if row not in theirs][:3], [row for row in theirs if row not in ours][:3]
            other.append({"sql": sql, "rows": [len(ours), len(theirs)], "only_ours": only[0], "only_theirs": only[1]})
    print(json.dumps({"equal": equal, "explained": explained, "refused": refused, "other": other}))


main()
