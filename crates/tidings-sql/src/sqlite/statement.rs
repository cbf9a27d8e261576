//! The statements, as a list: a test has each of them explained.

use crate::database::Statements;

/// Statements that are run as in every other database.
pub(super) const STATEMENTS: Statements = Statements {
    migrating: None,
    has_layout: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'tidings_layout'",
    layout: "SELECT version FROM tidings_layout WHERE part = ?1",
    probe: PROBE,
    probe_inbox: "SELECT consumer, stream, message, recorded_at FROM tidings_inbox LIMIT 0",
    pending: PENDING,
    oldest: OLDEST,
    parked_count: PARKED_COUNT,
    bytes: "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)",
    parked: PARKED,
    retry_all: RETRY_ALL,
    retry_key: RETRY_KEY,
    purge_all: PURGE_ALL,
    purge_key: PURGE_KEY,
    purge_row: PURGE_ROW,
    key_of: KEY_OF,
    wake: None,
    count_retry: COUNT_RETRY,
    purge_sent: PURGE_SENT,
    record: RECORD,
    forget: FORGET,
};

const PROBE: &str = "SELECT id, created_at, sent_at, parked_at, behind, slot, key, stream, subject, \
    message_id, headers, reason, payload FROM tidings_outbox LIMIT 0";

pub(super) const INSERT: &str =
    "INSERT INTO tidings_outbox (slot, key, stream, subject, message_id, headers, payload) ";

/// Says that a relay is at work, for so many milliseconds.
pub(super) const JOIN: &str = "INSERT INTO tidings_outbox_relay (relay, until) \
    VALUES (?1, CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) + ?2) \
    ON CONFLICT (relay) DO UPDATE SET until = excluded.until";

pub(super) const LEAVE: &str = "DELETE FROM tidings_outbox_relay WHERE relay = ?1";

/// Forgets those of which it is not known any more that they are at work, for so many milliseconds at most: one that is known
/// for longer said so before the clock stepped back.
pub(super) const FORGET_RELAYS: &str = "DELETE FROM tidings_outbox_relay \
    WHERE until - CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) NOT BETWEEN 0 AND 2 * ?1";

pub(super) const RELAYS: &str = "SELECT relay FROM tidings_outbox_relay ORDER BY relay";

pub(super) const NEXT: &str = "SELECT o.id, o.id AS position, o.key, o.stream, o.subject, o.headers, o.payload, \
    CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) - o.created_at AS age, \
    (SELECT p.id FROM tidings_outbox p WHERE p.key = o.key AND p.parked_at IS NOT NULL \
    ORDER BY p.id LIMIT 1) AS behind, \
    coalesce((SELECT version FROM tidings_layout WHERE part = 'outbox_retries'), 0) AS retries \
    FROM tidings_outbox o INDEXED BY tidings_outbox_unsent \
    WHERE o.sent_at IS NULL AND o.parked_at IS NULL AND o.id > ?1 \
    AND o.slot % ?2 = ?3 AND NOT EXISTS (SELECT 1 FROM json_each(?4) AS held WHERE held.value = o.key) \
    ORDER BY o.id LIMIT ?5";

pub(super) const DELETE: &str =
    "DELETE FROM tidings_outbox WHERE id IN (SELECT value FROM json_each(?1))";

pub(super) const MARK: &str = "UPDATE tidings_outbox \
    SET sent_at = CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) \
    WHERE id IN (SELECT value FROM json_each(?1)) AND sent_at IS NULL";

pub(super) const PARK: &str = "UPDATE tidings_outbox \
    SET parked_at = CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER), reason = ?2 \
    WHERE id = ?1 AND sent_at IS NULL AND parked_at IS NULL";

pub(super) const PARK_BEHIND: &str = "UPDATE tidings_outbox \
    SET parked_at = CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER), behind = ?2, \
    reason = '' WHERE id = ?1 AND sent_at IS NULL AND parked_at IS NULL \
    AND EXISTS (SELECT 1 FROM tidings_outbox p WHERE p.id = ?2 AND p.parked_at IS NOT NULL)";

const PENDING: &str = "SELECT count(*) FROM (SELECT 1 FROM tidings_outbox \
    INDEXED BY tidings_outbox_unsent WHERE sent_at IS NULL AND parked_at IS NULL LIMIT 1000000)";

const OLDEST: &str = "SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) \
    - created_at FROM tidings_outbox INDEXED BY tidings_outbox_unsent \
    WHERE sent_at IS NULL AND parked_at IS NULL ORDER BY id LIMIT 1";

const PARKED_COUNT: &str = "SELECT count(*) FROM tidings_outbox \
    INDEXED BY tidings_outbox_parked WHERE parked_at IS NOT NULL";

const PARKED: &str = "SELECT id, key, subject, stream, message_id, parked_at, \
    coalesce(reason, '') AS reason, behind FROM tidings_outbox INDEXED BY tidings_outbox_parked \
    WHERE parked_at IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2";

const RETRY_ALL: &str = "UPDATE tidings_outbox SET parked_at = NULL, behind = NULL, \
    reason = NULL WHERE id IN (SELECT id FROM tidings_outbox INDEXED BY tidings_outbox_parked \
    WHERE parked_at IS NOT NULL)";

const RETRY_KEY: &str = "UPDATE tidings_outbox SET parked_at = NULL, behind = NULL, \
    reason = NULL WHERE id IN (SELECT id FROM tidings_outbox INDEXED BY tidings_outbox_parked \
    WHERE parked_at IS NOT NULL AND key = ?1)";

const PURGE_ALL: &str = "DELETE FROM tidings_outbox WHERE id IN (SELECT id FROM tidings_outbox \
    INDEXED BY tidings_outbox_parked WHERE parked_at IS NOT NULL)";

const PURGE_KEY: &str = "DELETE FROM tidings_outbox WHERE id IN (SELECT id FROM tidings_outbox \
    INDEXED BY tidings_outbox_parked WHERE parked_at IS NOT NULL AND key = ?1)";

const PURGE_ROW: &str =
    "DELETE FROM tidings_outbox WHERE id = ?1 AND parked_at IS NOT NULL RETURNING key";

const COUNT_RETRY: &str = "INSERT INTO tidings_layout (part, version) VALUES ('outbox_retries', 1) \
    ON CONFLICT (part) DO UPDATE SET version = version + 1";

const KEY_OF: &str = "SELECT key FROM tidings_outbox WHERE id = ?1 AND parked_at IS NOT NULL";

const PURGE_SENT: &str = "DELETE FROM tidings_outbox WHERE id IN (SELECT id FROM tidings_outbox \
    INDEXED BY tidings_outbox_sent WHERE sent_at IS NOT NULL \
    AND sent_at < CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) - ?1 \
    ORDER BY sent_at LIMIT ?2)";

const RECORD: &str = "INSERT INTO tidings_inbox (consumer, stream, message) VALUES (?1, ?2, ?3) \
    ON CONFLICT DO NOTHING";

const FORGET: &str = "DELETE FROM tidings_inbox WHERE rowid IN (\
    SELECT rowid FROM tidings_inbox WHERE recorded_at < CAST(strftime('%s', 'now') AS INTEGER) - ?1 \
    ORDER BY recorded_at LIMIT ?2)";

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]
mod tests {
    use sqlx::sqlite::SqlitePoolOptions;
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;

    const ALL: &[&str] = &[
        NEXT,
        DELETE,
        MARK,
        PARK,
        PARK_BEHIND,
        PENDING,
        OLDEST,
        PARKED_COUNT,
        PARKED,
        RETRY_ALL,
        RETRY_KEY,
        PURGE_ALL,
        PURGE_KEY,
        PURGE_ROW,
        KEY_OF,
        COUNT_RETRY,
        PURGE_SENT,
        JOIN,
        LEAVE,
        FORGET_RELAYS,
        RECORD,
        FORGET,
    ];

    #[tokio::test]
    async fn no_statement_reads_the_whole_table() {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
        let pool = pool.unwrap();
        crate::migrate(&pool).await.unwrap();
        for statement in ALL {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = sqlx::raw_sql(explain).fetch_all(&pool).await.unwrap();
            for row in rows {
                let step: String = row.get("detail");
                // Relays are few.
                let table = step.starts_with("SCAN o") || step.starts_with("SCAN tidings_");
                let table = table && !step.starts_with("SCAN tidings_outbox_relay");
                assert!(!table || step.contains("USING"), "{statement}\n{step}");
            }
        }
    }
}
