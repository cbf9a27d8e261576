//! The statements, as a list: a test has each of them explained.

use crate::database::Statements;

/// Statements that are run as in every other database.
pub(super) const STATEMENTS: Statements = Statements {
    migrating: Some("SELECT pg_advisory_xact_lock(7521961)"),
    has_layout: "SELECT count(*) FROM pg_class WHERE oid = to_regclass('tidings_layout')",
    layout: "SELECT version::bigint FROM tidings_layout WHERE part = $1",
    probe: PROBE,
    probe_inbox: "SELECT consumer, stream, message, recorded_at FROM tidings_inbox LIMIT 0",
    pending: PENDING,
    oldest: OLDEST,
    parked_count: PARKED_COUNT,
    bytes: "SELECT pg_total_relation_size('tidings_outbox')",
    parked: PARKED,
    retry_all: RETRY_ALL,
    retry_key: RETRY_KEY,
    purge_all: PURGE_ALL,
    purge_key: PURGE_KEY,
    purge_row: PURGE_ROW,
    key_of: KEY_OF,
    wake: Some("SELECT pg_notify('tidings_outbox', 'retry')"),
    count_retry: COUNT_RETRY,
    purge_sent: PURGE_SENT,
    record: RECORD,
    forget: FORGET,
};

const PROBE: &str = "SELECT id, position, xid, created_at, sent_at, parked_at, behind, slot, key, \
    stream, subject, message_id, headers, reason, payload FROM tidings_outbox LIMIT 0";

pub(super) const INSERT: &str = "INSERT INTO tidings_outbox \
    (slot, key, stream, subject, message_id, headers, payload) VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const INSERT_MANY: &str = "INSERT INTO tidings_outbox \
    (slot, key, stream, subject, message_id, headers, payload) SELECT * FROM unnest($1::smallint[], \
    $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])";

/// Says that a relay is at work: the lock ends with its connection.
pub(super) const JOIN: &str =
    "SELECT pg_try_advisory_lock('tidings_outbox'::regclass::oid::integer, $1)";

/// Says that it is not any more.
pub(super) const LEAVE: &str =
    "SELECT pg_advisory_unlock('tidings_outbox'::regclass::oid::integer, $1)";

/// Tries whether the relay of a number is gone: then its lock can be had, for as long as this statement takes.
pub(super) const PROBE_RELAY: &str =
    "SELECT pg_try_advisory_xact_lock_shared('tidings_outbox'::regclass::oid::integer, $1)";

/// Tells those who listen for commits something else.
pub(super) const TELL: &str = "SELECT pg_notify('tidings_outbox', $1)";

/// The relays at work; a lock that is shared is of one who tries.
pub(super) const RELAYS: &str = "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND classid = 'tidings_outbox'::regclass::oid AND objsubid = 2 AND granted \
    AND mode = 'ExclusiveLock' ORDER BY objid";

/// The next rows. Where any row is parked it is looked for each of them whether one of its key is.
pub(super) const NEXT: &str = "SELECT o.id, o.position, o.key, o.stream, o.subject, o.headers, o.payload, \
    (date_part('epoch', clock_timestamp() - o.created_at) * 1000)::bigint AS age, \
    CASE WHEN EXISTS (SELECT FROM tidings_outbox WHERE parked_at IS NOT NULL) THEN \
    (SELECT p.id FROM tidings_outbox p WHERE p.key = o.key AND p.parked_at IS NOT NULL \
    ORDER BY p.position, p.id LIMIT 1) END AS behind, \
    coalesce((SELECT version::bigint FROM tidings_layout WHERE part = 'outbox_retries'), 0) AS retries \
    FROM tidings_outbox o WHERE o.position IS NOT NULL AND o.sent_at IS NULL AND o.parked_at IS NULL \
    AND (o.position, o.id) > ($1, $2) AND mod(o.slot, $3) = $4 AND o.key <> ALL($5::text[]) \
    ORDER BY o.position, o.id LIMIT $6";

/// The last position that was given to a transaction; none where the user of the relay may not see it.
pub(super) const GIVEN: &str = "SELECT CASE \
    WHEN has_sequence_privilege('tidings_outbox_position'::regclass, 'SELECT, USAGE') \
    THEN pg_sequence_last_value('tidings_outbox_position'::regclass) END";

/// The transactions that are given their positions just now: each holds this lock from before that until all can see
/// its rows.
pub(super) const PLACING: &str = "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND classid = 'tidings_outbox_position'::regclass::oid AND objid = 0 AND objsubid = 2 AND granted";

pub(super) const DELETE: &str = "DELETE FROM tidings_outbox WHERE id = ANY($1)";

/// Removes the rows from the first to the last of each range, in which there is no other row.
pub(super) const DELETE_RANGES: &str = "DELETE FROM tidings_outbox o \
    USING unnest($1::bigint[], $2::bigint[]) AS range(first, last) \
    WHERE o.id BETWEEN range.first AND range.last";

pub(super) const MARK: &str =
    "UPDATE tidings_outbox SET sent_at = clock_timestamp() WHERE id = ANY($1) AND sent_at IS NULL";

pub(super) const PARK: &str = "UPDATE tidings_outbox SET parked_at = clock_timestamp(), reason = $2 \
    WHERE id = $1 AND sent_at IS NULL AND parked_at IS NULL";

/// Parks rows behind the first one of their key, as long as that is parked: a transaction that lets it go
/// again waits for this, or this for that, so that no row stays behind one that is gone.
pub(super) const PARK_BEHIND: &str = "UPDATE tidings_outbox o \
    SET parked_at = clock_timestamp(), behind = $2, reason = '' \
    WHERE o.id = ANY($1) AND o.sent_at IS NULL AND o.parked_at IS NULL \
    AND (SELECT p.parked_at IS NOT NULL FROM tidings_outbox p WHERE p.id = $2 FOR SHARE)";

const PENDING: &str = "SELECT count(*) FROM (SELECT 1 FROM tidings_outbox \
    WHERE position IS NOT NULL AND sent_at IS NULL AND parked_at IS NULL LIMIT 1000000) AS pending";

const OLDEST: &str = "SELECT (extract(epoch FROM clock_timestamp() - created_at) * 1000)::bigint FROM tidings_outbox \
    WHERE position IS NOT NULL AND sent_at IS NULL AND parked_at IS NULL ORDER BY position, id LIMIT 1";

const PARKED_COUNT: &str = "SELECT count(*) FROM tidings_outbox WHERE parked_at IS NOT NULL";

const PARKED: &str = "SELECT id, key, subject, stream, message_id, \
    (extract(epoch FROM parked_at) * 1000)::bigint AS parked_at, coalesce(reason, '') AS reason, behind \
    FROM tidings_outbox WHERE parked_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2";

const RETRY_ALL: &str = "UPDATE tidings_outbox SET parked_at = NULL, behind = NULL, \
    reason = NULL WHERE parked_at IS NOT NULL";

const RETRY_KEY: &str = "UPDATE tidings_outbox SET parked_at = NULL, behind = NULL, \
    reason = NULL WHERE parked_at IS NOT NULL AND key = $1";

const PURGE_ALL: &str = "DELETE FROM tidings_outbox WHERE parked_at IS NOT NULL";

const PURGE_KEY: &str = "DELETE FROM tidings_outbox WHERE parked_at IS NOT NULL AND key = $1";

const PURGE_ROW: &str =
    "DELETE FROM tidings_outbox WHERE id = $1 AND parked_at IS NOT NULL RETURNING key";

const COUNT_RETRY: &str = "INSERT INTO tidings_layout (part, version) VALUES ('outbox_retries', 1) \
    ON CONFLICT (part) DO UPDATE SET version = tidings_layout.version + 1";

const KEY_OF: &str = "SELECT key FROM tidings_outbox WHERE id = $1 AND parked_at IS NOT NULL";

const PURGE_SENT: &str = "DELETE FROM tidings_outbox WHERE id = ANY(ARRAY(\
    SELECT id FROM tidings_outbox WHERE sent_at IS NOT NULL \
    AND sent_at < clock_timestamp() - $1 * interval '1 millisecond' ORDER BY sent_at LIMIT $2))";

/// A record of a transaction that is still open is waited for.
const RECORD: &str = "INSERT INTO tidings_inbox (consumer, stream, message) VALUES ($1, $2, $3) \
    ON CONFLICT DO NOTHING";

/// Removes old rows, each of them once where several clean up.
const FORGET: &str = "DELETE FROM tidings_inbox WHERE ctid = ANY(ARRAY(\
    SELECT ctid FROM tidings_inbox WHERE recorded_at < now() - $1 * interval '1 second' \
    ORDER BY recorded_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]
mod tests {
    use sqlx::postgres::PgPoolOptions;
    use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};
    use tidings_tests::Postgres;

    use super::*;

    /// Statements on the tables, with arguments.
    const ALL: &[(&str, &str)] = &[
        (INSERT, "1::smallint, 'k', 's', 's', 'i', '[]', ''::bytea"),
        (NEXT, "0::bigint, 0::bigint, 1::smallint, 0::smallint, '{a}'::text[], 100::bigint"),
        (DELETE, "'{1,2,3}'::bigint[]"),
        (DELETE_RANGES, "'{1,7}'::bigint[], '{3,9}'::bigint[]"),
        (MARK, "'{1,2,3}'::bigint[]"),
        (PARK, "1::bigint, 'why'"),
        (PARK_BEHIND, "'{1,2}'::bigint[], 3::bigint"),
        (PENDING, ""),
        (OLDEST, ""),
        (PARKED_COUNT, ""),
        (PARKED, "0::bigint, 10::bigint"),
        (RETRY_ALL, ""),
        (RETRY_KEY, "'k'"),
        (PURGE_ALL, ""),
        (PURGE_KEY, "'k'"),
        (PURGE_ROW, "1::bigint"),
        (KEY_OF, "1::bigint"),
        (COUNT_RETRY, ""),
        (PURGE_SENT, "60000::bigint, 100::bigint"),
        (INSERT_MANY, "'{1}', '{k}', '{s}', '{s}', '{i}', '{[]}', '{a}'"),
        (RECORD, "'c', 'S', 'new'"),
        (FORGET, "50000::bigint, 1000::bigint"),
        // What the trigger does.
        (
            "SELECT array_agg(DISTINCT hashtext(key) | 1), max(id) FROM tidings_outbox \
             WHERE position IS NULL AND xid = pg_current_xact_id()",
            "",
        ),
        (
            "UPDATE tidings_outbox SET position = 1 WHERE position IS NULL AND xid = pg_current_xact_id()",
            "",
        ),
    ];

    async fn plan(connection: &mut PgConnection, statement: &str, arguments: &str) -> String {
        let explain = if arguments.is_empty() {
            format!("EXPLAIN {statement}")
        } else {
            connection.execute("DEALLOCATE ALL").await.unwrap();
            let prepare = format!("PREPARE explained AS {statement}");
            connection.execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await.unwrap();
            format!("EXPLAIN EXECUTE explained({arguments})")
        };
        let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn no_statement_reads_the_whole_table() {
        let server = Postgres::start().await;
        let pool = PgPoolOptions::new().connect(&server.url()).await.unwrap();
        crate::migrate(&pool).await.unwrap();
        let fill = "INSERT INTO tidings_outbox \
            (slot, key, stream, subject, message_id, headers, payload, position, sent_at, parked_at) \
            SELECT n % 32768, (n % 1000)::text, 's', 's', n::text, '[]', '', n, \
            CASE WHEN n % 100 > 1 THEN now() END, CASE WHEN n % 1000 = 1 THEN now() END \
            FROM generate_series(1, 200000) AS n";
        pool.execute(fill).await.unwrap();
        let fill = "INSERT INTO tidings_inbox SELECT 'c' || i % 5, 'S', i::text, \
            now() - i * interval '1 second' FROM generate_series(1, 100000) AS i";
        pool.execute(fill).await.unwrap();
        pool.execute("VACUUM ANALYZE tidings_outbox, tidings_inbox").await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        connection.execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
        for (statement, arguments) in ALL {
            let plan = plan(&mut connection, statement, arguments).await;
            assert!(!plan.contains("Seq Scan on tidings_"), "{statement}\n{plan}");
        }
    }
}
