-- Outbox of Tidings, layout 1, for PostgreSQL 13 or newer.

CREATE TABLE IF NOT EXISTS tidings_layout (
    part text PRIMARY KEY,
    version integer NOT NULL
);

CREATE TABLE tidings_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Place in the order of commits; given as its transaction commits.
    position bigint,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz,
    parked_at timestamptz,
    -- The parked row of the same key that this one waits for.
    behind bigint,
    -- A digest of the key, by which relays share the rows.
    slot smallint NOT NULL,
    key text NOT NULL,
    stream text NOT NULL,
    subject text NOT NULL,
    message_id text NOT NULL,
    headers text NOT NULL,
    reason text,
    payload bytea NOT NULL
);

CREATE SEQUENCE tidings_outbox_position OWNED BY tidings_outbox.position;

CREATE INDEX tidings_outbox_unplaced ON tidings_outbox (xid) WHERE position IS NULL;
CREATE INDEX tidings_outbox_unsent ON tidings_outbox (position, id)
    WHERE position IS NOT NULL AND sent_at IS NULL AND parked_at IS NULL;
CREATE INDEX tidings_outbox_parked ON tidings_outbox (key, position, id) WHERE parked_at IS NOT NULL;
CREATE INDEX tidings_outbox_sent ON tidings_outbox (sent_at) WHERE sent_at IS NOT NULL;

-- Runs inside COMMIT. The rows of one key get their positions in the order of their commits: whoever
-- places one holds the key's lock until its rows can be seen by others.
CREATE FUNCTION tidings_outbox_place() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT SET enable_seqscan TO off AS $$
DECLARE
    locks integer := 'tidings_outbox_position'::regclass::oid::integer;
    keys integer[];
    key_lock integer;
    last bigint;
    place bigint;
BEGIN
    -- The first row of a transaction places all of them; ids of one transaction grow.
    IF NEW.id <= coalesce(nullif(current_setting('tidings.placed', true), ''), '0')::bigint THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(DISTINCT hashtext(key) | 1), max(id) INTO keys, last
        FROM tidings_outbox WHERE position IS NULL AND xid = pg_current_xact_id();
    IF keys IS NULL THEN
        RETURN NULL;
    END IF;
    -- All that have few keys share the lock 0; many keys at a time take it alone, and no lock for each.
    IF cardinality(keys) > 32 THEN
        PERFORM pg_advisory_xact_lock(locks, 0);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(locks, 0);
        FOR key_lock IN SELECT unnest(keys) ORDER BY 1 LOOP
            PERFORM pg_advisory_xact_lock(locks, key_lock);
        END LOOP;
    END IF;
    place := nextval('tidings_outbox_position');
    UPDATE tidings_outbox SET position = place
        WHERE position IS NULL AND xid = pg_current_xact_id();
    PERFORM set_config('tidings.placed', last::text, true);
    PERFORM pg_notify('tidings_outbox', '');
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER tidings_outbox_place AFTER INSERT ON tidings_outbox
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tidings_outbox_place();

INSERT INTO tidings_layout (part, version) VALUES ('outbox', 1);
