-- Which sensors are silent? A heartbeat comes every 30 seconds (sensor.heartbeat_s); four in a row are missing here.
SELECT host, max(time) AS last, dateDiff('second', last, now64()) AS silent_s
FROM postwacht.heartbeats
GROUP BY host
HAVING silent_s > 120
ORDER BY silent_s DESC, host
