//! Tests made of scenarios.

/// Makes tests of each scenario that a module lists, in modules `memory`, `threads` and `nats`.
///
/// - `every_bus`: in memory with its time paused, so that what waits waits for nothing, and over a
///   nats-server.
/// - `also_on_threads`: the same, and in memory on two threads with time as it is, for what matters
///   where things really happen at once.
/// - `with_restart`: only where a server can be ended and started again.
macro_rules! scenarios {
    (
        $(every_bus: $($scenario:ident),* $(,)?;)?
        $(also_on_threads: $($crowded:ident),* $(,)?;)?
        $(with_restart: $($needy:ident),* $(,)?;)?
    ) => {
        mod memory {
            const _: () = assert!(
                !$crate::support::env::Env::MEMORY.restart,
                "the tests that need a restart have to be made here, too"
            );

            $($(
                #[tokio::test(start_paused = true)]
                async fn $scenario() {
                    super::$scenario($crate::support::env::Env::memory()).await;
                }
            )*)?
            $($(
                #[tokio::test(start_paused = true)]
                async fn $crowded() {
                    super::$crowded($crate::support::env::Env::memory()).await;
                }
            )*)?
        }

        $(mod threads {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $crowded() {
                    super::$crowded($crate::support::env::Env::memory()).await;
                }
            )*
        })?

        mod nats {
            const _: () = assert!(
                $crate::support::env::Env::NATS.restart,
                "the tests that need a restart can't be made here"
            );

            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario($crate::support::env::Env::nats().await).await;
                }
            )*)?
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $crowded() {
                    super::$crowded($crate::support::env::Env::nats().await).await;
                }
            )*)?
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $needy() {
                    super::$needy($crate::support::env::Env::nats().await).await;
                }
            )*)?
        }
    };
}
