//! Counts the memory allocations for a message of each row: for `compare`, as JSON.
//!
//! It is a program of its own because naming `allocation_counter` puts its allocator in place of
//! the system's.

use std::process::ExitCode;

use tidings_bench::compare;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]
fn main() -> ExitCode {
    let rows: Vec<String> = std::env::args()
        .nth(1)
        .iter()
        .flat_map(|rows| rows.split(','))
        .map(str::to_owned)
        .collect();
    let counted = compare::count(&rows, |run| allocation_counter::measure(run).count_total)
        .and_then(|counted| Ok(serde_json::to_string(&counted)?));
    match counted {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("allocations: {error:#}");
            ExitCode::FAILURE
        }
    }
}
