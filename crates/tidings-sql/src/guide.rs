//! The guide to outbox and inbox; every example runs with SQLite and the bus in memory.
//!
//! | page | answers |
//! | --- | --- |
//! | [`outbox_and_inbox`] | a row and its event in one transaction, handling each message once, follow-ups, tests, operating it |
//! | [`exactly_once`] | what exactly once means here, what has to hold for it, and what it does not cover |

#[cfg(feature = "sqlite")]
#[doc = include_str!("guide/outbox_and_inbox.md")]
pub mod outbox_and_inbox {}
#[doc = include_str!("guide/exactly_once.md")]
pub mod exactly_once {}
