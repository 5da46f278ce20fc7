-- Purpose: let leads of one project approve one after the other, so that together they give no more than is left.
-- Guarantee: changes nothing, and blocks no new account of the project.
-- Parameters: $1 project.
SELECT id FROM tollgate.project WHERE id = $1 FOR NO KEY UPDATE
