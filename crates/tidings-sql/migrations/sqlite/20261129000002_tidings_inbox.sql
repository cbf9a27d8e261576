-- Inbox of Tidings, layout 1, for SQLite 3.38 or newer.

-- What was handled: a record is written in the transaction of the handler's own writes.
CREATE TABLE tidings_inbox (
    consumer TEXT NOT NULL,
    stream TEXT NOT NULL,
    -- `<sequence>@<stored at, in nanoseconds since 1970>`, or `#<message id>`.
    message TEXT NOT NULL,
    -- In seconds since 1970.
    recorded_at INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)),
    PRIMARY KEY (consumer, stream, message)
);
-- By which it is cleaned up.
CREATE INDEX tidings_inbox_recorded_at ON tidings_inbox (recorded_at);

INSERT INTO tidings_layout (part, version) VALUES ('inbox', 1);
