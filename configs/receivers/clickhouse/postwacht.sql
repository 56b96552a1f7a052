-- postwacht in ClickHouse: what sensors send goes into `incoming`, which keeps nothing; views read the records out of it.
-- For ClickHouse 22.8 and later. Run once: clickhouse-client --multiquery < postwacht.sql; then kafka.sql where Kafka stands between.
--
-- Records come at least once. The tables merge doubles away by what records are told apart by: read them with FINAL.

CREATE DATABASE IF NOT EXISTS postwacht;

-- Where outputs of {type: http, api: clickhouse, target: postwacht.incoming} and Kafka write: one line is one record. `sink` is the
-- output's name: numbers are a sink's own.
CREATE TABLE IF NOT EXISTS postwacht.incoming
(
    line String,
    sink LowCardinality(String)
)
ENGINE = Null;

-- Every record, octet for octet. Two different lines that claim one number both stay: somebody forged one of them.
CREATE TABLE IF NOT EXISTS postwacht.records
(
    host LowCardinality(String),
    sink LowCardinality(String),
    lane LowCardinality(String),
    epoch UInt64,
    seq UInt64,
    digest UInt64,
    event_type LowCardinality(String),
    time DateTime64(6, 'UTC'),
    id String,
    community_id String,
    line String CODEC(ZSTD(3)),
    received DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (host, sink, lane, epoch, seq, digest)
TTL toDateTime(time) + INTERVAL 400 DAY;

CREATE TABLE IF NOT EXISTS postwacht.alerts
(
    host LowCardinality(String),
    id String,
    time DateTime64(6, 'UTC'),
    session String,
    tap LowCardinality(String),
    finding LowCardinality(String),
    signature_id UInt32,
    severity LowCardinality(String),
    confidence LowCardinality(String),
    subject LowCardinality(String),
    evidence LowCardinality(String),
    state LowCardinality(String),
    verdict LowCardinality(String),
    partner String,
    src_ip String,
    src_port UInt16,
    dest_ip String,
    dest_port UInt16,
    community_id String,
    occurrences UInt64 COMMENT 'that this record tells of: 1, or of an update those since the first',
    first_id String COMMENT 'of an update: the alert that was told first',
    window_from DateTime64(6, 'UTC') COMMENT 'of trouble of the sensor itself; 1970: none',
    window_to DateTime64(6, 'UTC') COMMENT '1970: none, or it goes on',
    lost UInt64 COMMENT 'packets that never came, of sensor.loss'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (host, id)
TTL toDateTime(time) + INTERVAL 400 DAY;

-- One row a mail session: the audit trail.
CREATE TABLE IF NOT EXISTS postwacht.sessions
(
    host LowCardinality(String),
    id String,
    time DateTime64(6, 'UTC'),
    tap LowCardinality(String),
    src_ip String,
    src_port UInt16,
    dest_ip String,
    dest_port UInt16,
    community_id String,
    direction LowCardinality(String),
    role LowCardinality(String),
    state LowCardinality(String),
    verdict LowCardinality(String),
    identity LowCardinality(String),
    dane LowCardinality(String),
    encrypted UInt8,
    tls_version LowCardinality(String),
    tls_cipher LowCardinality(String),
    sni String,
    partner String COMMENT 'the other side: whose promise counted, else whom mail was for (inbound: from), else a name, else an address',
    from_domain String,
    rcpt_domains Array(String),
    transactions UInt32,
    in_clear UInt32,
    octets_in_clear UInt64,
    auth_in_clear UInt8,
    expect_level LowCardinality(String),
    expect_domain String,
    expect_mx String,
    gaps UInt32,
    findings Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (host, id)
TTL toDateTime(time) + INTERVAL 400 DAY;

-- Signs of life, each with the ledger in `records`.
CREATE TABLE IF NOT EXISTS postwacht.heartbeats
(
    host LowCardinality(String),
    time DateTime64(6, 'UTC'),
    packets UInt64,
    drops UInt64,
    received DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (host, time)
TTL toDateTime(time) + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS postwacht.to_records TO postwacht.records AS
SELECT
    JSONExtractString(line, 'host') AS host,
    sink,
    if(event_type IN ('alert', 'stats'), 'alerts', 'sessions') AS lane,
    JSONExtractUInt(line, 'smtp_tls', 'epoch') AS epoch,
    JSONExtractUInt(line, 'smtp_tls', 'seq') AS seq,
    sipHash64(line) AS digest,
    JSONExtractString(line, 'event_type') AS event_type,
    parseDateTime64BestEffortOrZero(JSONExtractString(line, 'timestamp'), 6, 'UTC') AS time,
    JSONExtractString(line, 'smtp_tls', 'id') AS id,
    JSONExtractString(line, 'community_id') AS community_id,
    line
FROM postwacht.incoming;

CREATE MATERIALIZED VIEW IF NOT EXISTS postwacht.to_alerts TO postwacht.alerts AS
WITH
    JSONExtractString(line, 'smtp_tls', 'expect', 'domain') AS expect_domain,
    JSONExtract(line, 'smtp_tls', 'mail', 'rcpt_domains', 'Array(String)') AS rcpt_domains,
    JSONExtractString(line, 'smtp_tls', 'mail', 'from_domain') AS from_domain,
    JSONExtractString(line, 'smtp_tls', 'expect', 'mx') AS expect_mx,
    JSONExtractString(line, 'tls', 'sni') AS sni,
    JSONExtractString(line, 'smtp_tls', 'direction') AS direction
SELECT
    JSONExtractString(line, 'host') AS host,
    JSONExtractString(line, 'smtp_tls', 'id') AS id,
    parseDateTime64BestEffortOrZero(JSONExtractString(line, 'timestamp'), 6, 'UTC') AS time,
    JSONExtractString(line, 'smtp_tls', 'session') AS session,
    JSONExtractString(line, 'smtp_tls', 'tap') AS tap,
    JSONExtractString(line, 'alert', 'metadata', 'finding', 1) AS finding,
    JSONExtractUInt(line, 'alert', 'signature_id') AS signature_id,
    JSONExtractString(line, 'alert', 'metadata', 'severity', 1) AS severity,
    JSONExtractString(line, 'alert', 'metadata', 'confidence', 1) AS confidence,
    JSONExtractString(line, 'alert', 'metadata', 'subject', 1) AS subject,
    JSONExtractString(line, 'alert', 'metadata', 'evidence', 1) AS evidence,
    JSONExtractString(line, 'smtp_tls', 'state') AS state,
    JSONExtractString(line, 'smtp_tls', 'verdict') AS verdict,
    multiIf(
        direction = 'inbound' AND from_domain != '', from_domain,
        direction = 'inbound', JSONExtractString(line, 'src_ip'),
        expect_domain != '', expect_domain,
        notEmpty(rcpt_domains), rcpt_domains[1],
        expect_mx != '', expect_mx,
        sni != '', sni,
        JSONExtractString(line, 'dest_ip')) AS partner,
    JSONExtractString(line, 'src_ip') AS src_ip,
    JSONExtractUInt(line, 'src_port') AS src_port,
    JSONExtractString(line, 'dest_ip') AS dest_ip,
    JSONExtractUInt(line, 'dest_port') AS dest_port,
    JSONExtractString(line, 'community_id') AS community_id,
    greatest(JSONExtractUInt(line, 'smtp_tls', 'repeat', 'count'), 1) AS occurrences,
    JSONExtractString(line, 'smtp_tls', 'repeat', 'first_id') AS first_id,
    parseDateTime64BestEffortOrZero(JSONExtractString(line, 'smtp_tls', 'window', 'from'), 6, 'UTC') AS window_from,
    parseDateTime64BestEffortOrZero(JSONExtractString(line, 'smtp_tls', 'window', 'to'), 6, 'UTC') AS window_to,
    JSONExtractUInt(line, 'smtp_tls', 'loss', 'missed') + JSONExtractUInt(line, 'smtp_tls', 'loss', 'errors')
        + JSONExtractUInt(line, 'smtp_tls', 'loss', 'no_mbuf') + JSONExtractUInt(line, 'smtp_tls', 'loss', 'lanes') AS lost
FROM postwacht.incoming
WHERE JSONExtractString(line, 'event_type') = 'alert';

CREATE MATERIALIZED VIEW IF NOT EXISTS postwacht.to_sessions TO postwacht.sessions AS
SELECT
    JSONExtractString(line, 'host') AS host,
    JSONExtractString(line, 'smtp_tls', 'session') AS id,
    parseDateTime64BestEffortOrZero(JSONExtractString(line, 'timestamp'), 6, 'UTC') AS time,
    JSONExtractString(line, 'smtp_tls', 'tap') AS tap,
    JSONExtractString(line, 'src_ip') AS src_ip,
    JSONExtractUInt(line, 'src_port') AS src_port,
    JSONExtractString(line, 'dest_ip') AS dest_ip,
    JSONExtractUInt(line, 'dest_port') AS dest_port,
    JSONExtractString(line, 'community_id') AS community_id,
    JSONExtractString(line, 'smtp_tls', 'direction') AS direction,
    JSONExtractString(line, 'smtp_tls', 'role') AS role,
    JSONExtractString(line, 'smtp_tls', 'state') AS state,
    JSONExtractString(line, 'smtp_tls', 'verdict') AS verdict,
    JSONExtractString(line, 'smtp_tls', 'identity') AS identity,
    JSONExtractString(line, 'smtp_tls', 'dane') AS dane,
    state IN ('starttls_ok', 'implicit_tls') AS encrypted,
    JSONExtractString(line, 'tls', 'version') AS tls_version,
    JSONExtractString(line, 'smtp_tls', 'tls', 'cipher') AS tls_cipher,
    JSONExtractString(line, 'tls', 'sni') AS sni,
    multiIf(
        direction = 'inbound' AND from_domain != '', from_domain,
        direction = 'inbound', src_ip,
        expect_domain != '', expect_domain,
        notEmpty(rcpt_domains), rcpt_domains[1],
        expect_mx != '', expect_mx,
        sni != '', sni,
        dest_ip) AS partner,
    JSONExtractString(line, 'smtp_tls', 'mail', 'from_domain') AS from_domain,
    JSONExtract(line, 'smtp_tls', 'mail', 'rcpt_domains', 'Array(String)') AS rcpt_domains,
    JSONExtractUInt(line, 'smtp_tls', 'mail', 'transactions') AS transactions,
    JSONExtractUInt(line, 'smtp_tls', 'mail', 'in_clear') AS in_clear,
    JSONExtractUInt(line, 'smtp_tls', 'mail', 'octets_in_clear') AS octets_in_clear,
    JSONExtractBool(line, 'smtp_tls', 'auth', 'in_clear') AS auth_in_clear,
    JSONExtractString(line, 'smtp_tls', 'expect', 'level') AS expect_level,
    JSONExtractString(line, 'smtp_tls', 'expect', 'domain') AS expect_domain,
    JSONExtractString(line, 'smtp_tls', 'expect', 'mx') AS expect_mx,
    JSONExtractUInt(line, 'smtp_tls', 'capture', 'gaps') AS gaps,
    JSONExtract(line, 'smtp_tls', 'findings', 'Array(String)') AS findings
FROM postwacht.incoming
WHERE JSONExtractString(line, 'event_type') = 'smtp';

CREATE MATERIALIZED VIEW IF NOT EXISTS postwacht.to_heartbeats TO postwacht.heartbeats AS
SELECT
    JSONExtractString(line, 'host') AS host,
    parseDateTime64BestEffortOrZero(JSONExtractString(line, 'timestamp'), 6, 'UTC') AS time,
    JSONExtractUInt(line, 'stats', 'capture', 'kernel_packets') AS packets,
    JSONExtractUInt(line, 'stats', 'capture', 'kernel_drops') AS drops
FROM postwacht.incoming
WHERE JSONExtractString(line, 'event_type') = 'stats';
