-- Which domains' mail travelled in clear in the last 90 days?
SELECT
    domain,
    count() AS sessions,
    sum(in_clear) AS transactions,
    sum(octets_in_clear) AS octets,
    min(time) AS first,
    max(time) AS last,
    arraySort(groupUniqArray(host)) AS sensors
FROM
(
    SELECT host, time, in_clear, octets_in_clear, arrayJoin(arrayDistinct(arrayPushBack(rcpt_domains, from_domain))) AS domain
    FROM postwacht.sessions FINAL
    WHERE time > now() - INTERVAL 90 DAY AND in_clear > 0
)
WHERE domain != ''
GROUP BY domain
ORDER BY sessions DESC, domain
