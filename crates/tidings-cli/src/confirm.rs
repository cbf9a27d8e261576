//! Asking before what can't be undone.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::exit::Usage;

/// Asks whether to go on, unless `yes` says so already; `false` if not.
///
/// # Errors
/// [`Usage`] where there is nobody to ask.
pub(crate) fn confirm(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    let input = io::stdin();
    if !input.is_terminal() {
        let text = format!("{question} Nobody can be asked here: say `--yes`, or say which ones");
        return Err(Usage(text).into());
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
