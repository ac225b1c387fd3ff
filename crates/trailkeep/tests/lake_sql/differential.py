# Generated queries in Trino's dialect: the program under test against sqlglot (trino -> duckdb) and DuckDB, over the same rows.
#
# argv: the program, its home, the seed, how many. Prints one JSON document: how many were equal, what sqlglot or DuckDB
# could not do, and the others in full.
import datetime, json, random, re, subprocess, sys, tempfile, os

import duckdb, sqlglot
from sqlglot import exp

# What differs between Trino and DuckDB, or is lost by sqlglot on the way, and how DuckDB is told to do it as Trino does. Only the function is
# replaced: a query that uses it is held to be equal like any other. A difference that nothing explains fails the test.
EXPLAINED = {
    "split_part": ("a part that is not there is null in Trino, and '' in DuckDB",
                   "(s, d, n) AS CASE WHEN n <= len(string_split(s, d)) THEN string_split(s, d)[n] END"),
    "regexp_extract": ("no match is null in Trino, and '' in DuckDB",
                       "(s, p, g := 0) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END"),
    "array_distinct": ("Trino keeps the order, DuckDB does not", "(l) AS list_filter(l, lambda x, i: list_position(l, x) = i)"),
    "array_intersect": ("Trino keeps the order of the first, DuckDB does not",
                        "(l, m) AS list_filter(l, lambda x, i: list_position(l, x) = i AND list_contains(m, x))"),
    "array_union": ("sqlglot has no name for it in DuckDB",
                    "(l, m) AS CASE WHEN l IS NOT NULL THEN list_filter(list_concat(l, m), lambda x, i: list_position(list_concat(l, m), x) = i) END"),
    "array_except": ("sqlglot has no name for it in DuckDB",
                     "(l, m) AS list_filter(l, lambda x, i: list_position(l, x) = i AND NOT list_contains(m, x))"),
    "array_remove": ("sqlglot has no name for it in DuckDB", "(l, v) AS list_filter(l, lambda x: x <> v)"),
    "array_position": ("what is not there has the position 0 in Trino, and null in DuckDB", "(l, v) AS coalesce(list_position(l, v), CASE WHEN l IS NOT NULL THEN 0 END)"),
    "contains_sequence": ("DuckDB has none", "(l, m) AS CASE WHEN l IS NULL THEN NULL ELSE len(m) = 0 OR list_any_value(list_transform(range(1, len(l) - len(m) + 2), lambda i: CASE WHEN l[i:i + len(m) - 1] = m THEN true END)) IS NOT NULL END"),
    "count_if": ("sqlglot makes it a sum, which is null where Trino counts 0", "(c) AS count(*) FILTER (WHERE c)"),
    "strpos": ("sqlglot passes it by other names", "(s, t) AS instr(s, t)"),
    "codepoint": ("it is `ascii` in DuckDB", "(s) AS ord(s)"),
    "arrays_overlap": ("it is `list_has_any` in DuckDB", "(l, m) AS list_has_any(l, m)"),
    "map_agg": ("DuckDB has none", "(k, v) AS map(list(k), list(v))"),
    "every": ("it is `bool_and` in DuckDB", "(c) AS bool_and(c)"),
    "corr": ("no variance is null in Trino, and NaN in DuckDB", "(x, y) AS CASE WHEN NOT isnan(corr(x, y)) THEN corr(x, y) END"),
    "repeat": ("Trino repeats values to a list, DuckDB repeats texts", "(v, n) AS list_transform(range(n), lambda i: v)"),
    "millisecond": ("DuckDB counts the seconds too", "(t) AS millisecond(t) % 1000"),
    "date_diff": ("Trino counts whole units, DuckDB the borders between them", "(u, a, b) AS date_sub(u, a, b)"),
    "format": ("it is `printf` in DuckDB", "(f, a, b) AS printf(f, a, b)"),
    "slice": ("from before the beginning there is nothing in Trino, and all in DuckDB",
              "(l, s, n) AS CASE WHEN s > 0 THEN l[s:s + n - 1] WHEN -s > len(l) THEN l[1:0] ELSE l[len(l) + s + 1:len(l) + s + n] END"),
    "levenshtein_distance": ("it is `levenshtein` in DuckDB", "(a, b) AS levenshtein(a, b)"),
}

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
                f"date_format(eventTime, '%Y-%m-%d %H:%i')", f"CAST(readOnly AS varchar)", f"CAST(length({field}) AS varchar)",
                f"rpad(awsRegion, {dice.randint(3, 14)}, '.')", f"translate({field}, 'abc', 'xyz')", f"ltrim({field})", f"rtrim({field})",
                f"concat_ws('|', {field}, errorCode, awsRegion)", f"chr(CAST(65 + length(awsRegion) % 20 AS integer))", f"array_join(reverse(split({field}, '.')), '.')",
                f"CASE userIdentity.type WHEN 'IAMUser' THEN 'user' WHEN 'AssumedRole' THEN 'role' ELSE 'other' END",
                f"CASE WHEN readOnly THEN 'r' WHEN errorCode IS NOT NULL THEN 'e' END", f"regexp_extract({field}, '([a-z]+)-([a-z]+)', {dice.randint(0, 2)})",
                f"substring({field}, -4)", f"json_extract_scalar(eventJson, '$.requestParameters.{dice.choice(KEYS)}')",
                f"try_cast({field} AS varchar)", f"format('%s:%s', eventName, awsRegion)", f"coalesce(element_at(requestParameters, '{dice.choice(KEYS)}'), errorCode, '-')",
                f"to_hex(md5(to_utf8({field})))", f"CAST(date(eventTime) AS varchar)", f"(SELECT max(awsRegion) FROM events)", f"greatest({field}, 'm')", f"least({field}, 'm')")


def number(dice):
    field = dice.choice(TEXT)
    unit = dice.choice(["minute", "hour", "day"])
    return pick(dice, f"length({field})", f"strpos({field}, 'a')", "hour(eventTime)", "minute(eventTime)", "day(eventTime)", "month(eventTime)",
                "year(eventTime)", "day_of_week(eventTime)", "second(eventTime)", "week(eventTime)", "quarter(eventTime)", "day_of_year(eventTime)",
                f"date_diff('{unit}', timestamp '2023-07-10 00:00:00', eventTime)", f"length({field}) % 7", f"length({field}) * 2 + 1",
                f"cardinality(split({field}, '.'))", f"greatest(length({field}), 10)", f"least(length(eventName), 12)",
                f"abs(length(eventName) - {dice.randint(1, 20)})", f"bitwise_and(length(eventName), 7)",
                f"try_cast(element_at(requestParameters, 'maxResults') AS bigint)", f"codepoint(substr(awsRegion, 1, 1))",
                f"levenshtein_distance(awsRegion, 'us-west-2')", "to_unixtime(eventTime)", f"sign(length({field}) - 10)", f"round(length({field}) / 3.0, 2)",
                f"floor(length({field}) / 4.0)", f"ceil(sqrt(length({field})))", f"mod(length({field}), 5)", f"power(length(awsRegion), 2)", f"bitwise_xor(length(eventName), 5)",
                f"array_position(split(eventSource, '.'), 'amazonaws')", f"CASE WHEN {field} IS NULL THEN 0 ELSE length({field}) END",
                f"reduce(transform(split({field}, '.'), x -> length(x)), 0, (s, x) -> s + x, s -> s)", f"(SELECT count(*) FROM events)", f"CAST(length({field}) AS double) / 2",
                f"json_array_length(json_extract(eventJson, '$.resources'))", f"length({field}) / 3", f"-length(awsRegion)", f"CAST(readOnly AS integer)",
                f"date_diff('{unit}', eventTime, timestamp '2023-07-11 06:30:00')", "extract(hour FROM eventTime)", "millisecond(eventTime)", "year_of_week(eventTime)")


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
               f"any_match(split(userAgent, ' '), part -> part LIKE 'aws%')", f"arrays_overlap(split(eventSource, '.'), ARRAY['iam', 's3', '{dice.choice(['ec2', 'sts'])}'])",
               f"{field} IN (SELECT {field} FROM events WHERE errorCode IS NOT NULL)", f"{number(dice)} >= (SELECT avg(length(eventName)) FROM events)",
               f"{field} = ANY (SELECT max({field}) FROM events GROUP BY eventSource)", f"length(eventName) > ALL (SELECT length(awsRegion) FROM events)",
               f"eventTime BETWEEN timestamp '2023-07-10 12:0{dice.randint(0, 9)}:00' AND timestamp '2023-07-10 12:{dice.randint(10, 59)}:00'",
               f"date(eventTime) = date '2023-07-{dice.randint(8, 12):02}'", f"(eventSource, readOnly) IN (('s3.amazonaws.com', true), ('iam.amazonaws.com', false))",
               f"coalesce(errorCode, '') <> ''", f"{field} NOT LIKE 'a%'", f"{field} LIKE '%!_%' ESCAPE '!'", f"cardinality(map_keys(requestParameters)) > {dice.randint(0, 4)}",
               f"NOT EXISTS (SELECT 1 FROM events WHERE errorCode = 'NeverSeen')", f"json_extract_scalar(eventJson, '$.eventType') = 'AwsApiCall'",
               f"contains(map_keys(requestParameters), '{dice.choice(KEYS)}')", f"{field} > '{dice.choice(['A', 'a', 'm', '2'])}'", f"{field} BETWEEN 'A' AND 'm'",
               f"readOnly IS NOT TRUE", f"readOnly IS DISTINCT FROM true", f"eventTime >= date_add('hour', -{dice.randint(1, 9)}, timestamp '2023-07-10 18:00:00')")
    if depth < 2 and dice.random() < 0.4:
        return f"({one} {dice.choice(['AND', 'OR'])} {condition(dice, depth + 1)})"
    return f"NOT ({one})" if dice.random() < 0.1 else one


def aggregate(dice):
    field = dice.choice(TEXT)
    return pick(dice, "count(*)", f"count({field})", f"count(DISTINCT {field})", f"min({field})", f"max({field})", "min(eventTime)", "max(eventTime)",
                f"sum({number(dice)})", f"avg({number(dice)})", f"count_if({condition(dice, 2)})", f"max_by(eventID, concat(CAST(eventTime AS varchar), eventID))",
                f"min_by(eventID, concat(CAST(eventTime AS varchar), eventID))", f"bool_or({condition(dice, 2)})", f"bool_and(readOnly)",
                f"array_agg(DISTINCT {field} ORDER BY {field})", f"count(*) FILTER (WHERE {condition(dice, 2)})",
                f"cardinality(array_agg({field}))", f"array_join(array_sort(array_agg(DISTINCT awsRegion)), ',')",
                f"sum({number(dice)}) FILTER (WHERE readOnly)", f"arbitrary(1)", f"every(readOnly)", f"stddev(length({field}))", f"variance(length({field}))", f"stddev_pop(length(eventName))",
                f"count(DISTINCT length({field}))", f"max(length({field})) - min(length({field}))", f"round(avg(length({field})), 3)", f"sum(DISTINCT length(awsRegion))",
                f"cardinality(map_keys(map_agg(eventID, {field})))", f"cardinality(map_keys(histogram(awsRegion)))", f"element_at(histogram(awsRegion), 'us-east-1')", f"max({text(dice)})", f"min({time(dice)})",
                f"listagg(DISTINCT awsRegion, ',') WITHIN GROUP (ORDER BY awsRegion)", f"corr(length(eventName), length(eventSource))", f"approx_distinct(awsRegion)",
                f"array_agg(eventID ORDER BY eventTime, eventID)[1]", f"CAST(count(*) AS double) / count(DISTINCT eventID)", f"bitwise_or_agg(length(eventName))")


def window(dice):
    over = f"OVER (PARTITION BY {dice.choice(GROUPS[:5])} ORDER BY eventTime, eventID)"
    return pick(dice, f"row_number() {over}", f"rank() {over}", f"lag(eventName) {over}", f"lead(eventTime, 2) {over}", f"count(*) {over}",
                f"first_value(eventID) {over}", f"sum(length(eventName)) {over}", f"max(eventTime) {over}", f"dense_rank() {over}", f"ntile({dice.randint(2, 5)}) {over}",
                f"percent_rank() {over}", f"cume_dist() {over}", f"nth_value(eventName, 2) {over}", f"lag(eventName, 1, 'first') {over}", f"lead(errorCode) IGNORE NULLS {over}",
                f"last_value(eventID) {over[:-1]} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)", f"count(*) {over[:-1]} ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)",
                f"avg(length(eventName)) {over[:-1]} ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING)", f"date_diff('second', lag(eventTime) {over}, eventTime)",
                f"count(*) OVER (PARTITION BY {dice.choice(GROUPS[:5])})", f"count_if(errorCode IS NOT NULL) {over}", f"sum(length(eventName)) OVER ()")


def listed(dice):
    field = dice.choice(["eventSource", "userAgent", "userIdentity.arn"])
    split = f"split({field}, '{dice.choice(['.', ' ', ':'])}')"
    return pick(dice, f"cardinality({split})", f"element_at({split}, {dice.choice([1, 2, 9])})", f"transform({split}, x -> upper(x))", f"filter({split}, x -> length(x) > 3)",
                f"array_distinct({split})", f"array_join({split}, '+')", f"array_sort({split})", f"slice({split}, 1, 2)", f"array_max({split})",
                f"any_match({split}, x -> x = 'amazonaws')", f"all_match({split}, x -> length(x) > 1)", f"none_match({split}, x -> x = 'x')",
                f"arrays_overlap({split}, ARRAY['iam', 'amazonaws'])", f"array_intersect({split}, ARRAY['com', 'ec2', 'amazonaws'])", f"array_union({split}, ARRAY['com', 'z'])",
                f"array_except({split}, ARRAY['amazonaws'])", f"array_remove({split}, 'com')", f"{split} || ARRAY['end']", f"concat({split}, ARRAY['a', 'b'])", f"reverse({split})",
                f"array_position({split}, 'com')", f"array_min({split})", f"zip_with({split}, {split}, (a, b) -> a || b)", f"slice({split}, -2, 2)", f"element_at({split}, -1)",
                f"flatten(ARRAY[{split}, ARRAY['x']])", f"repeat('a', {dice.randint(1, 4)})", f"sequence(1, {dice.randint(2, 6)})", f"transform({split}, x -> length(x))",
                f"reduce(transform({split}, x -> substr(x, 1, 1)), '', (s, x) -> s || x, s -> s)", f"filter(transform({split}, x -> length(x)), n -> n % 2 = 0)", f"regexp_extract_all({field}, '[a-z]+')",
                f"array_sort(map_keys(requestParameters))", f"cardinality(map_keys(requestParameters))", f"contains({split}, 'com')", f"array_sort(array_distinct({split}))",
                f"contains_sequence({split}, ARRAY['amazonaws', 'com'])", f"ARRAY[eventName, awsRegion][2]", f"cardinality(filter({split}, x -> x <> ''))")


def query(dice):
    where = f" WHERE {condition(dice)}" if dice.random() < 0.7 else ""
    kind = dice.random()
    if kind < 0.24:
        items = [dice.choice([text, number, time])(dice) for _ in range(dice.randint(1, 4))]
        return f"SELECT eventID, {', '.join(items)} FROM events{where} ORDER BY eventID LIMIT {dice.randint(5, 60)}"
    if kind < 0.34:
        items = [listed(dice) for _ in range(dice.randint(1, 3))]
        return f"SELECT eventID, {', '.join(items)} FROM events{where} ORDER BY eventID LIMIT {dice.randint(5, 60)}"
    if kind < 0.54:
        keys = dice.sample(GROUPS, dice.randint(1, 3))
        having = f" HAVING count(*) > {dice.randint(0, 5)}" if dice.random() < 0.3 else ""
        items = [aggregate(dice) for _ in range(dice.randint(1, 3))]
        return f"SELECT {', '.join(keys + items)} FROM events{where} GROUP BY {', '.join(str(at + 1) for at in range(len(keys)))}{having}"
    if kind < 0.62:
        return f"SELECT eventID, {window(dice)}, {window(dice)} FROM events{where} ORDER BY eventID LIMIT 80"
    if kind < 0.67:
        inner = f"SELECT eventID, {text(dice)} AS x, {number(dice)} AS n, row_number() OVER (PARTITION BY eventName ORDER BY eventTime, eventID) AS r FROM events{where}"
        return f"WITH t AS ({inner}) SELECT x, count(*), sum(n) FROM t WHERE r <= {dice.randint(1, 4)} GROUP BY x"
    if kind < 0.72:
        sides = [f"SELECT {dice.choice(TEXT)} AS x FROM events WHERE {condition(dice)}" for _ in range(2)]
        return f"{sides[0]} {dice.choice(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'])} {sides[1]}"
    if kind < 0.75:
        return (f"SELECT part, count(*) AS n FROM events CROSS JOIN UNNEST(split({dice.choice(['userAgent', 'eventSource'])}, '{dice.choice([' ', '.'])}')) AS t(part)"
                f"{where} GROUP BY part")
    return dice.choice([joined, subquery, grouping_sets, unnested, values])(dice, where)


def joined(dice, where):
    join = dice.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
    if dice.random() < 0.3:
        return (f"SELECT eventName, n, m FROM (SELECT eventName, count(*) AS n FROM events{where} GROUP BY eventName) a {join} "
                f"(SELECT eventName, count(*) AS m FROM events WHERE {condition(dice)} GROUP BY eventName) b USING (eventName)")
    return (f"SELECT a.userIdentity.arn, count(*), max(b.n) FROM events a {join} (SELECT eventName, count(*) AS n FROM events{where} GROUP BY eventName) b "
            f"ON a.eventName = b.eventName GROUP BY a.userIdentity.arn")


def subquery(dice, where):
    key = dice.choice(["eventName", "awsRegion", "eventSource", "sourceIPAddress"])
    more = " AND " + condition(dice, 2) if dice.random() < 0.5 else ""
    exists = dice.choice(["EXISTS", "NOT EXISTS"])
    return pick(dice, f"SELECT eventID, {key} IN (SELECT {key} FROM events WHERE errorCode IS NOT NULL) FROM events{where} ORDER BY eventID LIMIT 40",
                f"SELECT eventID, (SELECT max(b.eventTime) FROM events b WHERE b.{key} = a.{key}) FROM events a ORDER BY eventID LIMIT 40",
                f"SELECT eventID, (SELECT count(*) FROM events b WHERE b.{key} = a.{key} AND b.readOnly) FROM events a ORDER BY eventID LIMIT 40",
                f"SELECT count(*) FROM events a WHERE {exists} (SELECT 1 FROM events b WHERE b.{key} = a.{key} AND b.errorCode IS NOT NULL)",
                f"SELECT {key}, count(*) FROM events a WHERE a.eventTime = (SELECT max(b.eventTime) FROM events b WHERE b.{key} = a.{key}) GROUP BY {key}",
                f"SELECT {key}, count(*) FROM (SELECT * FROM events{where}) t GROUP BY 1 HAVING count(*) > (SELECT avg(n) FROM (SELECT count(*) AS n FROM events GROUP BY {key}) u)",
                f"SELECT count(*) FROM events WHERE {key} NOT IN (SELECT {key} FROM events WHERE {key} IS NOT NULL{more})",
                f"WITH a AS (SELECT {key} AS k, count(*) AS n FROM events{where} GROUP BY 1), b AS (SELECT max(n) AS m FROM a) SELECT k, n FROM a, b WHERE n = m")


def grouping_sets(dice, where):
    one, two = dice.sample(GROUPS[:6], 2)
    sets = pick(dice, f"ROLLUP ({one}, {two})", f"CUBE ({one}, {two})", f"GROUPING SETS (({one}), ({two}), ())", f"GROUPING SETS (({one}, {two}), ({one}))")
    return f"SELECT {one}, {two}, {aggregate(dice)}, grouping({one}, {two}) FROM events{where} GROUP BY {sets}"


def unnested(dice, where):
    field, at = dice.choice(["userAgent", "eventSource"]), dice.choice([" ", "."])
    return pick(dice, f"SELECT n, part, count(*) FROM events CROSS JOIN UNNEST(split({field}, '{at}')) WITH ORDINALITY AS t(part, n){where} GROUP BY 1, 2",
                f"SELECT eventID, part FROM events LEFT JOIN UNNEST(split({field}, '{at}')) AS t(part) ON true{where} ORDER BY eventID, part LIMIT 60",
                f"SELECT k, count(*), max(v) FROM events CROSS JOIN UNNEST(requestParameters) AS t(k, v){where} GROUP BY k",
                f"SELECT eventID, a, b FROM events CROSS JOIN UNNEST(split(eventSource, '.'), ARRAY[1, 2]) AS t(a, b){where} ORDER BY eventID, a, b LIMIT 60",
                f"SELECT x, x * 2 FROM UNNEST(sequence(1, {dice.randint(2, 9)})) AS t(x)")


def values(dice, where):
    return pick(dice, f"SELECT r, n, count(e.eventID) FROM (VALUES ('us-east-1', 1), ('us-west-2', 2), (NULL, 3)) AS t(r, n) LEFT JOIN events e ON e.awsRegion = t.r GROUP BY r, n",
                f"SELECT DISTINCT {text(dice)} FROM events{where}", f"SELECT DISTINCT {dice.choice(TEXT)}, readOnly FROM events{where}",
                f"SELECT eventName, count(*) AS n FROM events{where} GROUP BY eventName ORDER BY n DESC, eventName OFFSET {dice.randint(0, 5)} LIMIT {dice.randint(1, 9)}",
                f"SELECT eventID FROM events{where} ORDER BY {number(dice)} DESC NULLS LAST, eventID FETCH FIRST {dice.randint(1, 20)} ROWS ONLY",
                f"SELECT eventID, x FROM (SELECT eventID, {text(dice)} AS x FROM events) t WHERE x IS NOT NULL ORDER BY x DESC, eventID LIMIT 30",
                f"SELECT * FROM (SELECT eventName, {aggregate(dice)} AS n FROM events{where} GROUP BY eventName) t ORDER BY eventName LIMIT 20")


COLUMNS = ["eventID", "eventName", "eventSource", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "recipientAccountId", "readOnly", "eventTime", "requestParameters", "eventJson"]


def ask(program, home, sql, more=()):
    done = subprocess.run([program, "query", sql, "--home", home, "-o", "json", *more], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[:400])
    rows = json.loads(done.stdout or "[]")
    return [[plain(value) for value in row.values()] for row in rows]


def for_duckdb(sql):
    """The query in DuckDB's dialect; functions that are EXPLAINED by their macros, past sqlglot's own ideas of them."""
    hidden = re.sub(r"\b(" + "|".join(EXPLAINED) + r")\(", r"trino_\1(", sql)
    return sqlglot.parse_one(hidden, read="trino").transform(matches).transform(whole_division).sql(dialect="duckdb")


def matches(node):
    """any_match, all_match and none_match, which DuckDB does not have; over lists without nulls."""
    count = {"ANY_MATCH": "{} > 0", "NONE_MATCH": "{} = 0", "ALL_MATCH": "{} = len({})"}.get(str(node.this).upper() if isinstance(node, exp.Anonymous) else "")
    if count is None:
        return node
    values, test = (one.sql(dialect="duckdb") for one in node.expressions)
    return sqlglot.parse_one("(" + count.format(f"len(list_filter({values}, {test}))", values) + ")", read="duckdb")


def whole_division(node):
    """A whole number divided by another is whole in Trino."""
    if isinstance(node, exp.Div) and isinstance(node.this, exp.Length) and node.expression.is_int:
        return exp.IntDiv(this=node.this, expression=node.expression)
    return node


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
    for name, (_, macro) in EXPLAINED.items():
        duck.execute(f"CREATE MACRO trino_{name}{macro}")
    dice, equal, refused, other = random.Random(seed), 0, {}, []
    while equal + len(other) < count and len(refused) < count:
        sql = query(dice)
        try:
            theirs = sorted_rows([[plain(value) for value in row] for row in duck.execute(for_duckdb(sql)).fetchall()])
        except Exception as error:
            # What sqlglot or DuckDB cannot do says nothing about us.
            refused[sql] = str(error)[:200]
            continue
        try:
            ours = sorted_rows(ask(program, home, sql))
        except RuntimeError as error:
            other.append({"sql": sql, "error": str(error)})
            continue
        if ours == theirs:
            equal += 1
        else:
            only = [row for row in ours if row not in theirs][:3], [row for row in theirs if row not in ours][:3]
            other.append({"sql": sql, "rows": [len(ours), len(theirs)], "only_ours": only[0], "only_theirs": only[1]})
    print(json.dumps({"equal": equal, "refused": refused, "other": other}))


main()
