//! Promises of an inbox, on each bus and in each database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own functions fail it")]

mod clean_up;
mod concurrent;
mod effect;
mod event;
mod follow_up;
mod identity;
mod in_memory;
mod stage;
mod unfit;

/// Makes a test of each function, for each database.
macro_rules! in_each_database {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name::<sqlx::Sqlite>().await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name::<sqlx::Postgres>().await;
            })*
        }
    };
}
pub(crate) use in_each_database;
