-- Purpose: what a request must keep to however it is written, and deciding by plain SQL.
-- Guarantee: a request is of a limit that is there when it is asked, and follows it when it is renamed while it is open; once it is decided it
--            stays so, to its last word. tollgate.approve_request makes the grant in the same statement.
-- Parameters: none.

CREATE FUNCTION tollgate.request_fits_its_limit() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  found_counts text[] := (SELECT array_agg(DISTINCT l.counts) FROM tollgate.limit_rule l WHERE l.name = NEW.limit_name);
BEGIN
  IF found_counts IS NULL THEN
    RAISE EXCEPTION 'request % is of a limit % that is not there', NEW.id, NEW.limit_name
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'quota_request_limit_exists', TABLE = 'quota_request', SCHEMA = 'tollgate',
        HINT = 'limit_name is a limit_rule.name.';
  END IF;
  IF NEW.amount <> trunc(NEW.amount) AND found_counts <> ARRAY['credits'] THEN
    RAISE EXCEPTION 'request % is of a limit that counts whole %', NEW.id, array_to_string(found_counts, ', ')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'quota_request_is_whole_unless_of_credits', TABLE = 'quota_request', SCHEMA = 'tollgate';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.request_fits_its_limit IS 'Trigger: a request is of a limit that is there when it is written, in whole units unless it counts credits.';
CREATE TRIGGER request_fits_its_limit BEFORE INSERT OR UPDATE OF limit_name, amount ON tollgate.quota_request
  FOR EACH ROW EXECUTE FUNCTION tollgate.request_fits_its_limit();

CREATE FUNCTION tollgate.requests_follow_their_limit() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tollgate.quota_request r SET limit_name = NEW.name
  WHERE r.limit_name = OLD.name AND r.state = 'open' AND NOT EXISTS (SELECT FROM tollgate.limit_rule l WHERE l.name = OLD.name);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.requests_follow_their_limit IS 'Trigger: when the last row of a name is renamed, so are the open requests for more of it.';
-- Named so that it runs before grants_follow_their_limit: it waits for a decision that is being written, whose grant then follows too.
CREATE TRIGGER asks_follow_their_limit AFTER UPDATE OF name ON tollgate.limit_rule
  FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION tollgate.requests_follow_their_limit();

CREATE FUNCTION tollgate.request_is_decided_once() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  -- Ids that are renamed come by the cascade of a foreign key, which is one trigger deeper.
  IF pg_trigger_depth() > 1 THEN
    OLD.asked_by := NEW.asked_by;
    OLD.account := NEW.account;
    OLD.project := NEW.project;
    OLD.department := NEW.department;
  END IF;
  IF NEW IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'request % is % already', OLD.id, OLD.state
    USING ERRCODE = 'check_violation', CONSTRAINT = 'quota_request_is_decided_once', TABLE = 'quota_request', SCHEMA = 'tollgate',
      HINT = 'Ask anew, or end the grant that it made.';
END
$$;
COMMENT ON FUNCTION tollgate.request_is_decided_once IS 'Trigger: what became of a request stays so, and who decided it, when and why. Only ids that are renamed are followed.';
CREATE TRIGGER request_is_decided_once BEFORE UPDATE ON tollgate.quota_request
  FOR EACH ROW WHEN (OLD.state <> 'open') EXECUTE FUNCTION tollgate.request_is_decided_once();

CREATE INDEX quota_request_by_time ON tollgate.quota_request (asked_at, id);
CREATE INDEX quota_request_project ON tollgate.quota_request (project);
CREATE INDEX quota_request_account ON tollgate.quota_request (account);
CREATE INDEX quota_request_department ON tollgate.quota_request (department);
CREATE INDEX quota_request_grant ON tollgate.quota_request (grant_id);
CREATE INDEX grant_by_time ON tollgate.grant (starts_at, id);
CREATE INDEX decision_link_request ON tollgate.decision_link (request);
CREATE INDEX decision_link_decider ON tollgate.decision_link (decider);

CREATE FUNCTION tollgate.approve_request(request text, less numeric DEFAULT NULL, until timestamptz DEFAULT NULL, note text DEFAULT '')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  asked tollgate.quota_request;
BEGIN
  SELECT * INTO asked FROM tollgate.quota_request r WHERE r.id = request FOR UPDATE;
  IF asked.id IS NULL THEN
    RAISE EXCEPTION 'there is no request %', request USING ERRCODE = 'no_data_found';
  END IF;
  IF less > asked.amount OR until > asked.ends_at THEN
    RAISE EXCEPTION 'request % asks for % until %: approve that or less', request, asked.amount, asked.ends_at
      USING ERRCODE = 'check_violation', CONSTRAINT = 'quota_request_is_approved_as_asked_or_less', TABLE = 'quota_request', SCHEMA = 'tollgate';
  END IF;
  UPDATE tollgate.quota_request r SET state = 'approved', decided_at = now(), decision_note = note, grant_id = r.id WHERE r.id = request;
  INSERT INTO tollgate.grant (id, limit_name, account, project, department, amount, ends_at, note)
  VALUES (asked.id, asked.limit_name, asked.account, asked.project, asked.department, coalesce(less, asked.amount),
          coalesce(until, asked.ends_at), 'request of ' || asked.asked_by);
  RETURN asked.id;
END
$$;
COMMENT ON FUNCTION tollgate.approve_request IS 'Approves an open request as the operator and makes its grant, whose id it answers: SELECT tollgate.approve_request(''ask-1f2e3d4c5b6a''); with less than is asked, or for a shorter time: less => 500, until => ''2026-12-01''.';

CREATE FUNCTION tollgate.decline_request(request text, note text DEFAULT '') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tollgate.quota_request r SET state = 'declined', decided_at = now(), decision_note = note WHERE r.id = request;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no request %', request USING ERRCODE = 'no_data_found';
  END IF;
  RETURN request;
END
$$;
COMMENT ON FUNCTION tollgate.decline_request IS 'Declines an open request as the operator: SELECT tollgate.decline_request(''ask-1f2e3d4c5b6a'', ''wait for Monday'').';
