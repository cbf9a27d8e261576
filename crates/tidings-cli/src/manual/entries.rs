//! The manual itself: formats and exit codes of each command, by its path.

use super::Entry;
use crate::output::Format;

const TEXT: &[Format] = &[Format::Text];
pub(super) const RESULTS: &[Format] = &[Format::Text, Format::Json];
const FINDINGS: &[Format] = &[Format::Text, Format::Json, Format::Github, Format::Junit];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        path: "asyncapi",
        formats: RESULTS,
        exits: &[
            (0, "the document is written"),
            (1, "the folder can't be read, or the file not be written"),
        ],
    },
    Entry {
        path: "catalog",
        formats: RESULTS,
        exits: &[
            (0, "the page is written"),
            (1, "the folder can't be read, or the file not be written"),
        ],
    },
    Entry {
        path: "completions",
        formats: TEXT,
        exits: &[(0, "they are written"), (1, "they can't be written")],
    },
    Entry {
        path: "dlq list",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "they can't be read")],
    },
    Entry {
        path: "dlq show",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "it is not there, or can't be read")],
    },
    Entry {
        path: "dlq redrive",
        formats: RESULTS,
        exits: &[
            (0, "all that were chosen are put back"),
            (1, "one could not be put back, nobody said yes, or it failed"),
        ],
    },
    Entry {
        path: "dlq purge",
        formats: RESULTS,
        exits: &[(0, "all that were chosen are removed"), (1, "nobody said yes, or it failed")],
    },
    Entry {
        path: "doctor",
        formats: FINDINGS,
        exits: &[(0, "nothing fails"), (1, "something fails, or the contracts can't be read")],
    },
    Entry {
        path: "kv get",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "the key has no value, or can't be read")],
    },
    Entry {
        path: "kv history",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "nothing is kept of the key, or it can't be read")],
    },
    Entry {
        path: "kv ls",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "they can't be read")],
    },
    Entry {
        path: "kv put",
        formats: RESULTS,
        exits: &[
            (0, "it is stored"),
            (1, "it is not known to be stored: another value is there, or it failed"),
        ],
    },
    Entry {
        path: "kv rm",
        formats: RESULTS,
        exits: &[(0, "all are removed"), (1, "one is not known to be removed")],
    },
    Entry {
        path: "kv watch",
        formats: RESULTS,
        exits: &[
            (0, "as many are shown as were asked for, or it was ended"),
            (1, "they can't be read"),
        ],
    },
    Entry {
        path: "man",
        formats: RESULTS,
        exits: &[(0, "they are written"), (1, "they can't be written")],
    },
    Entry {
        path: "object get",
        formats: RESULTS,
        exits: &[
            (0, "all that was asked for is written"),
            (1, "there is no such object, or not all of it can be read or written"),
        ],
    },
    Entry {
        path: "object info",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "there is no such object, or it can't be read")],
    },
    Entry {
        path: "object ls",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "they can't be read")],
    },
    Entry {
        path: "object put",
        formats: RESULTS,
        exits: &[
            (0, "it is stored"),
            (1, "it is not known to be stored: another one is there, or it failed"),
        ],
    },
    Entry {
        path: "object rm",
        formats: RESULTS,
        exits: &[(0, "all are deleted"), (1, "one was not there, or is not known to be deleted")],
    },
    Entry {
        path: "object sweep",
        formats: RESULTS,
        exits: &[(0, "they are removed"), (1, "one may be left, or the store can't be read")],
    },
    Entry {
        path: "object watch",
        formats: RESULTS,
        exits: &[
            (0, "as many are shown as were asked for, or it was ended"),
            (1, "they can't be read"),
        ],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox status",
        formats: RESULTS,
        exits: &[(0, "it is told"), (1, "the database can't be asked, or has no outbox")],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox parked",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "the database can't be asked, or has no outbox")],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox retry",
        formats: RESULTS,
        exits: &[
            (0, "those that were chosen are published by the next relay"),
            (1, "the database can't be asked, or has no outbox"),
        ],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox purge",
        formats: RESULTS,
        exits: &[
            (0, "those that were chosen are removed"),
            (1, "nobody said yes, the database can't be asked, or has no outbox"),
        ],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox relay",
        formats: RESULTS,
        exits: &[
            (0, "it was ended, and what was begun is finished"),
            (1, "there is no connection, or the database has no outbox"),
        ],
    },
    Entry {
        path: "publish",
        formats: RESULTS,
        exits: &[
            (0, "it is published; where a stream keeps it, stored"),
            (1, "it is not known to be published"),
            (2, "wrong usage, or the contract refuses the payload or a token: nothing was sent"),
        ],
    },
    Entry {
        path: "request",
        formats: RESULTS,
        exits: &[
            (0, "it is answered by a reply"),
            (1, "it is answered by an error, or not at all"),
            (2, "wrong usage, or the contract refuses the payload or a token: nothing was sent"),
            (3, "the answer breaks its contract"),
        ],
    },
    Entry {
        path: "schema accept",
        formats: RESULTS,
        exits: &[
            (0, "they are kept, or nothing breaks"),
            (1, "the contracts can't be read, or the lock file not be written"),
        ],
    },
    Entry {
        path: "schema changelog",
        formats: RESULTS,
        exits: &[(0, "it is written, whatever is in it"), (1, "the contracts can't be read")],
    },
    Entry {
        path: "schema check",
        formats: FINDINGS,
        exits: &[
            (0, "nothing breaks but what was accepted"),
            (1, "the contracts can't be read"),
            (3, "something breaks, or can't be decided, and nobody accepted it"),
        ],
    },
    Entry {
        path: "schema diff",
        formats: FINDINGS,
        exits: &[
            (0, "the edits are told"),
            (1, "the contracts can't be read"),
            (3, "something differs, where `--exit-code` asks"),
        ],
    },
    Entry {
        path: "schema validate",
        formats: FINDINGS,
        exits: &[
            (0, "each document is valid"),
            (1, "the contracts or the documents can't be read"),
            (3, "a document is not valid"),
        ],
    },
    Entry {
        path: "stream apply",
        formats: FINDINGS,
        exits: &[(0, "all are as declared"), (1, "one is refused, or it failed")],
    },
    Entry {
        path: "stream plan",
        formats: FINDINGS,
        exits: &[
            (0, "all are as declared"),
            (1, "they can't be read"),
            (3, "something is to be done"),
        ],
    },
    Entry {
        path: "stream sweep",
        formats: RESULTS,
        exits: &[
            (0, "they are removed, or told with `--dry-run`"),
            (1, "one may be left, or a stream or the store can't be read"),
        ],
    },
    Entry {
        path: "tail",
        formats: RESULTS,
        exits: &[
            (0, "as many are shown as were asked for, or it was ended"),
            (1, "they can't be read"),
        ],
    },
    Entry {
        path: "trace",
        formats: RESULTS,
        exits: &[
            (0, "it reaches a stream or a subscription, and nothing keeps it from others"),
            (1, "no server told of it, or it failed"),
            (3, "it reaches nobody, or something keeps it from somebody"),
        ],
    },
];
