-- Purpose: remember from which networks the tokens of people were used lately.
-- Guarantee: looks only at the last $1 seconds of single charges; once more changes nothing. Tokens of CI, services and mirrors run on fleets
--            behind many addresses and are left out.
-- Parameters: $1 seconds.
INSERT INTO tollgate.token_network AS known (token, network, seen_at)
SELECT used.token, place.network, max(used.seen_at)
  FROM (SELECT token, address, max(at) AS seen_at
          FROM tollgate.usage_entry
         WHERE is_home AND at > now() - make_interval(secs => $1) AND mint_day >= (now() - interval '2 days')::date
           AND token <> '' AND address NOT IN ('', 'unknown')
         GROUP BY token, address) AS used
  JOIN tollgate.token ON token.id = used.token
  JOIN tollgate.account ON account.id = token.account AND account.kind = 'person'
 CROSS JOIN LATERAL (
       SELECT CASE WHEN used.address ~ '^[0-9]+([.][0-9]+){3}$' THEN regexp_replace(used.address, '[.][0-9]+$', '') ELSE used.address END AS network
       ) AS place
 GROUP BY 1, 2
 ORDER BY 1, 2
    ON CONFLICT (token, network) DO UPDATE SET seen_at = excluded.seen_at WHERE known.seen_at < excluded.seen_at
