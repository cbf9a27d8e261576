//! Foundation of the tests: a real nats-server for each, and ways to wait.
//!
//! ```no_run
//! # async fn test() {
//! let mut server = tidings_tests::Server::start().await;
//! let client = server.client().await;
//! server.kill();
//! server.restart().await; // the same port, the same store
//! # }
//! ```
//!
//! Everything here panics where it can't go on: a test without its server can only fail, and the
//! panic is what makes the server's log appear.
#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test that can't have its server can only fail"
)]

mod binary;
mod chance;
mod cluster;
pub mod differ;
mod directory;
mod example;
mod install;
mod listen;
mod log;
mod monitor;
mod postgres;
mod process;
mod proxy;
mod server;
mod signal;
mod unique;
mod wait;

pub use binary::server_binary;
pub use chance::Chance;
pub use cluster::Cluster;
pub use example::example_path;
pub use listen::{listen, round_trip};
pub use log::Log;
pub use postgres::{Postgres, postgres_directory};
pub use proxy::Proxy;
pub use server::{HUB, Server};
pub(crate) use signal::await_stop;
pub use signal::signal;
pub use unique::unique;
pub use wait::{Observation, eventually};
