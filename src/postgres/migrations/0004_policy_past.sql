-- Purpose: what a row was before is looked up in the change log, by whoever starts while a row is faulty or a table was emptied.
-- Guarantee: the newest changes of a row are found without reading the rest of the log.

CREATE INDEX policy_change_row_in_order ON tollgate.policy_change (table_name, key, id);
DROP INDEX tollgate.policy_change_row;

COMMENT ON TABLE tollgate.policy_change IS 'Every change of every policy row, whoever made it and how. Nothing is ever changed or removed here: last good versions of faulty rows, and the rows an emptied table had, are read from here.';
COMMENT ON TABLE tollgate.emptied_table IS 'Tables somebody emptied on purpose. One that is empty without being here is taken for an accident: the rows it had last stay in force, after a restart too. An upstream whose credential is kept only as a digest cannot be read back by a process that starts then.';
