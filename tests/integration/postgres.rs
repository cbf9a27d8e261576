//! The harness's PostgreSQL: a test server does what tests rely on.

use tidings_tests::Postgres;

#[tokio::test]
async fn a_killed_postgres_comes_back_on_its_port_with_its_rows() {
    let mut server = Postgres::with_config("max_connections = 17").await;
    let url = server.url();
    server.psql("CREATE TABLE kept (number int); INSERT INTO kept VALUES (1)");
    for number in 2..4 {
        server.kill();
        assert!(server.try_psql("SELECT 1").is_err());
        server.restart().await;
        assert_eq!(server.url(), url);
        server.psql(&format!("INSERT INTO kept VALUES ({number})"));
    }
    assert_eq!(server.psql("SELECT number FROM kept ORDER BY number"), "1\n2\n3");
    assert_eq!(server.psql("SHOW max_connections"), "17");
}

#[tokio::test]
async fn servers_and_databases_do_not_see_each_other() {
    let (one, other) = (Postgres::start().await, Postgres::start().await);
    one.psql("CREATE TABLE only_here (number int)");
    assert!(other.try_psql("SELECT * FROM only_here").is_err());
    let (first, second) = (one.new_database(), one.new_database());
    assert_ne!(first, second);
}
