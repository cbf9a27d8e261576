-- Inbox of Tidings, layout 1, for PostgreSQL 13 or newer.

-- What was handled: a record is written in the transaction of the handler's own writes.
CREATE TABLE tidings_inbox (
    consumer text NOT NULL,
    stream text NOT NULL,
    -- `<sequence>@<stored at, in nanoseconds since 1970>`, or `#<message id>`.
    message text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, stream, message)
);
-- By which it is cleaned up.
CREATE INDEX tidings_inbox_recorded_at ON tidings_inbox (recorded_at);

INSERT INTO tidings_layout (part, version) VALUES ('inbox', 1);
