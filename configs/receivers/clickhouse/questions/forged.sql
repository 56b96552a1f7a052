-- Which numbers have two different records? One of the two is not the sensor's. `postwacht verify` on the exported lines names it.
SELECT host, sink, lane, epoch, seq, uniqExact(digest) AS records, groupArray(line) AS lines
FROM postwacht.records
WHERE seq > 0
GROUP BY host, sink, lane, epoch, seq
HAVING records > 1
ORDER BY host, sink, lane, epoch, seq
