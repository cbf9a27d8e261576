//! Prints the path of the nats-server that the tests run, installing it if need be:
//! `cargo run -p tidings-tests --bin nats-server-path`.

#[expect(clippy::print_stdout, reason = "what the program is for")]
fn main() {
    println!("{}", tidings_tests::server_binary().display());
}
