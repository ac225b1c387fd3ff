"""The same files into one Parquet file with DuckDB: FOLDER THREADS MODE OUT. Prints the number of rows.

No original is kept, nothing is hashed, duplicates stay, nothing is committed. Modes: `given`, a schema made for CloudTrail with the
nested documents as text (nothing to detect, nothing to build); `detected`, DuckDB's own way, which also makes structs of them.
Both are told whatever makes DuckDB faster: `records` and `format` alone more than halve its time on large files.
"""

import sys

import duckdb

ISSUER = "STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR)"
SESSION = f"STRUCT(sessionIssuer {ISSUER}, webIdFederationData VARCHAR, attributes STRUCT(creationDate TIMESTAMP, mfaAuthenticated VARCHAR))"
IDENTITY = (
    "STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, accessKeyId VARCHAR, userName VARCHAR, "
    f"invokedBy VARCHAR, sessionContext {SESSION})"
)
TLS = "STRUCT(tlsVersion VARCHAR, cipherSuite VARCHAR, clientProvidedHostHeader VARCHAR)"
TEXTS = """
    eventVersion eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage requestParameters
    responseElements additionalEventData requestID eventID resources eventType apiVersion recipientAccountId
    serviceEventDetails sharedEventID vpcEndpointId vpcEndpointAccountId eventCategory addendum
    sessionCredentialFromConsole edgeDeviceDetails
""".split()
RECORD = ", ".join(
    [f"userIdentity {IDENTITY}", f"tlsDetails {TLS}", "eventTime TIMESTAMP", "readOnly BOOLEAN", "managementEvent BOOLEAN"]
    + [f"{name} VARCHAR" for name in TEXTS]
)
OPTIONS = {
    "given": f"auto_detect = false, columns = {{Records: 'STRUCT({RECORD})[]'}}",
    "detected": "union_by_name = true",
}

folder, threads, mode, out = sys.argv[1:]
connection = duckdb.connect()
connection.execute(f"SET threads = {int(threads)}")
connection.execute("SET preserve_insertion_order = false")
(rows,) = connection.execute(
    f"""
    COPY (
        SELECT unnest(record) FROM (
            SELECT unnest(Records) AS record
            FROM read_json(
                '{folder}/**/*.json.gz', compression = 'gzip', format = 'newline_delimited', records = true,
                maximum_object_size = 33554432, {OPTIONS[mode]}
            )
        )
    ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """
).fetchone()
print(rows)
