-- Which metrics there are.
SELECT metric_name, type, unit, description, temporality, is_monotonic,
       count(DISTINCT series) AS series,
       count(*) AS points,
       min(time) AS first_seen,
       max(time) AS last_seen
FROM metrics
GROUP BY metric_name, type, unit, description, temporality, is_monotonic
