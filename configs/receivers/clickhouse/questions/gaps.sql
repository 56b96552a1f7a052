-- Which records never arrived? A sink numbers what it sends without holes, alerts and heartbeats apart from sessions: a hole is proof.
-- What gave way in the outbox before it could be sent is a hole of its size, and the sensor says so (sensor.outbox-trouble).
-- Numbers that begin late are a hole from 1, unless older months were removed here. A new epoch is a row that began again.
SELECT host, sink, lane, epoch, before + 1 AS first_missing, seq - 1 AS last_missing, seq - before - 1 AS missing, before_time, time
FROM
(
    SELECT
        host, sink, lane, epoch, seq, time,
        lagInFrame(seq, 1, 0) OVER (PARTITION BY host, sink, lane, epoch ORDER BY seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
        lagInFrame(time) OVER (PARTITION BY host, sink, lane, epoch ORDER BY seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before_time
    FROM (SELECT host, sink, lane, epoch, seq, any(time) AS time FROM postwacht.records WHERE seq > 0 GROUP BY host, sink, lane, epoch, seq)
)
WHERE missing > 0 AND seq > before + 1
ORDER BY host, sink, lane, epoch, first_missing
