-- Purpose: the resources that are not normal, for prices.
-- Guarantee: bounded by heat_threshold.resources_max of each surface, and by $1.
-- Parameters: $1 rows at most.
SELECT surface, resource, heat FROM tollgate.resource_heat WHERE heat <> 'normal' ORDER BY requests DESC LIMIT $1
