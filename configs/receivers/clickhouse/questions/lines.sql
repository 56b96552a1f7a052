-- All lines of one sink of one sensor, in order, as `postwacht verify` wants them (clickhouse-client --format TSVRaw > FILE).
SELECT line
FROM postwacht.records
WHERE host = 'sensor-1' AND sink = 'kafka' AND seq > 0
ORDER BY epoch, lane, seq, digest
LIMIT 1 BY lane, epoch, seq, digest
