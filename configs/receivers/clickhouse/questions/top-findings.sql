-- What was found most, in the last 30 days? Repeats are counted where they were told as a number.
SELECT
    finding,
    any(severity) AS severity,
    sum(occurrences) AS occurrences_all,
    count() AS alerts,
    uniqExact(partner) AS partners,
    arraySort(groupUniqArray(host)) AS sensors,
    max(time) AS last
FROM postwacht.alerts FINAL
WHERE time > now() - INTERVAL 30 DAY
GROUP BY finding
ORDER BY occurrences_all DESC, finding
