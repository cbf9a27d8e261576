-- Outbox of Tidings, layout 2, for PostgreSQL 13 or newer: the rows of a transaction are placed with fewer steps.

DROP TRIGGER tidings_outbox_place ON tidings_outbox;
DROP FUNCTION tidings_outbox_place();

-- Its objects are named with the schema in which they are, whatever the search path is at a commit.
DO $migration$
DECLARE
    here text := (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'tidings_outbox'::regclass);
    positions text := here || '.tidings_outbox_position';
    -- What was placed in this transaction: another schema may have an outbox of its own.
    placed text := 'tidings.placed_' || 'tidings_outbox'::regclass::oid;
BEGIN
    -- Gives all rows of this transaction their position, and tells relays. The rows of one key get their
    -- positions in the order of their commits: whoever places one holds the key's lock until its rows can be seen by
    -- others. Gives the last of the rows. Planned while the table was small, it must not read it all once that is large.
    EXECUTE format($define$
        CREATE FUNCTION %1$s.tidings_outbox_place_all() RETURNS bigint LANGUAGE plpgsql
            SET enable_seqscan TO off AS $place_all$
        DECLARE
            locks integer := %2$L::regclass::oid::integer;
            keys integer[];
            key_lock integer;
            last bigint;
            place bigint;
        BEGIN
            SELECT array_agg(DISTINCT hashtext(key) | 1 ORDER BY hashtext(key) | 1), max(id) INTO keys, last
                FROM %1$s.tidings_outbox WHERE position IS NULL AND xid = pg_current_xact_id();
            IF keys IS NULL THEN
                RETURN NULL;
            END IF;
            -- All that have few keys share the lock 0; many keys at a time take it alone, and no lock for each.
            IF cardinality(keys) > 32 THEN
                PERFORM pg_advisory_xact_lock(locks, 0);
            ELSE
                PERFORM pg_advisory_xact_lock_shared(locks, 0), pg_advisory_xact_lock(locks, keys[1]);
                FOREACH key_lock IN ARRAY keys[2:] LOOP
                    PERFORM pg_advisory_xact_lock(locks, key_lock);
                END LOOP;
            END IF;
            place := nextval(%2$L);
            UPDATE %1$s.tidings_outbox SET position = place
                WHERE position IS NULL AND xid = pg_current_xact_id();
            PERFORM set_config(%3$L, last::text, true), pg_notify('tidings_outbox', '');
            RETURN last;
        END
        $place_all$
    $define$, here, positions, placed);

    -- Runs inside COMMIT, for each row. The first row of a transaction places all of them; ids of one transaction grow.
    EXECUTE format($define$
        CREATE FUNCTION %1$s.tidings_outbox_place() RETURNS trigger LANGUAGE plpgsql AS $place$
        DECLARE
            last bigint := coalesce(nullif(current_setting(%2$L, true), ''), '0')::bigint;
        BEGIN
            IF NEW.id > last THEN
                last := %1$s.tidings_outbox_place_all();
            END IF;
            RETURN NULL;
        END
        $place$
    $define$, here, placed);
END
$migration$;

CREATE CONSTRAINT TRIGGER tidings_outbox_place AFTER INSERT ON tidings_outbox
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tidings_outbox_place();

-- Rows come and go: what is removed is cleaned up by its number, however many sent rows are kept beside. Until then each
-- read of a relay passes it in the index.
ALTER TABLE tidings_outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

UPDATE tidings_layout SET version = 2 WHERE part = 'outbox';
