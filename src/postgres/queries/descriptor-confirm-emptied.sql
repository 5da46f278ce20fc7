-- Purpose: says that the limits of descriptors were emptied on purpose, if they are empty.
-- Guarantee: does nothing while there is a limit. Else the last ones would be held in force, as an accident.
-- Parameters: none.
SELECT tollgate.confirm_emptied('descriptor_limit') WHERE NOT EXISTS (SELECT FROM tollgate.descriptor_limit)
