//! The program of `README.md` is the example `quickstart`.

const README: &str = include_str!("../../README.md");
const EXAMPLE: &str = include_str!("../quickstart.rs");

#[test]
fn the_quickstart_of_the_readme_is_the_example() -> Result<(), &'static str> {
    let (_, marked) = README.split_once("<!-- quickstart -->\n```rust\n").ok_or("no quickstart")?;
    let (shown, _) = marked.split_once("```").ok_or("no end of the quickstart")?;
    // A reader makes a bus of their own; an example makes the one that `NATS_URL` asks for.
    let shown = shown.replace(
        "Bus::in_memory(); // or Bus::connect(\"nats://127.0.0.1:4222\").await?",
        "tidings_examples::bus().await?;",
    );
    let (_, program) = EXAMPLE.split_once("\n\n").ok_or("no module documentation")?;
    assert_eq!(shown, program, "README.md (left) and examples/quickstart.rs (right) differ");
    Ok(())
}
