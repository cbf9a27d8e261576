//! Random sessions, which may not show whether a server or this process keeps the events.

/// A failing session prints its seed, its stream and its shortest form; `ordeal differ` runs more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_and_memory_do_the_same() {
    let _alone = crate::BUSY.lock().await;
    let said = tidings_tests::differ::run(1..121).await;
    eprintln!("{}", said.unwrap_or_else(|error| panic!("{error:#}")));
}
