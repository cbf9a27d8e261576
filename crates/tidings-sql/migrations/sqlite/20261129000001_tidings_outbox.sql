-- Outbox of Tidings, layout 1, for SQLite 3.38 or newer.

CREATE TABLE IF NOT EXISTS tidings_layout (
    part TEXT PRIMARY KEY,
    version INTEGER NOT NULL
);

-- One transaction writes at a time, so ids grow in the order of commits. Times are milliseconds since 1970.
CREATE TABLE tidings_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at INTEGER NOT NULL
        DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
    sent_at INTEGER,
    parked_at INTEGER,
    -- The parked row of the same key that this one waits for.
    behind INTEGER,
    -- A digest of the key, by which relays share the rows.
    slot INTEGER NOT NULL,
    key TEXT NOT NULL,
    stream TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    headers TEXT NOT NULL,
    reason TEXT,
    payload BLOB NOT NULL
);

CREATE INDEX tidings_outbox_unsent ON tidings_outbox (id) WHERE sent_at IS NULL AND parked_at IS NULL;
CREATE INDEX tidings_outbox_parked ON tidings_outbox (key, id) WHERE parked_at IS NOT NULL;
CREATE INDEX tidings_outbox_sent ON tidings_outbox (sent_at) WHERE sent_at IS NOT NULL;

-- Relays that are at work, and until when that is known of each.
CREATE TABLE tidings_outbox_relay (
    relay INTEGER PRIMARY KEY,
    until INTEGER NOT NULL
);

INSERT INTO tidings_layout (part, version) VALUES ('outbox', 1);
