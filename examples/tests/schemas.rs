//! `schemas/` says what the shop's messages promise.

#[test]
fn the_committed_schemas_are_current() -> Result<(), Box<dyn std::error::Error>> {
    Ok(tidings_examples::shop::catalog()?.assert_current("../schemas")?)
}
