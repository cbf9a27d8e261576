//! Number of memory allocations for a message.
//!
//! An allocator that counts costs something at each allocation, and would make the side look slower
//! that allocates more. So it stands in a program of its own, `allocations`, and the timed laps run
//! on the system's allocator. There both sides run on one thread, so that all of the client is on
//! it; floods and responders are on threads of their own, and not counted.

use std::collections::BTreeMap;
use std::env::consts::EXE_SUFFIX;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use super::row::{Row, Side, picked};
use crate::environment::Environment;

/// Number of messages in a lap while allocations are counted, the shorter one.
const MESSAGES: usize = 2_560;

/// The program that counts.
const PROGRAM: &str = "allocations";

/// Allocations for a message, of each row.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Allocations(BTreeMap<String, PerMessage>);

/// Mean number of memory allocations for a message.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub struct PerMessage {
    /// Written by hand.
    pub raw: Option<f64>,
    /// Ours.
    pub ours: Option<f64>,
}

impl Allocations {
    pub(crate) fn of(&self, row: &str) -> PerMessage {
        self.0.get(row).copied().unwrap_or_default()
    }
}

/// Runs the program that counts. It stands beside this one, and is built where it does not.
pub(crate) fn counted(rows: &[&Row]) -> Result<Allocations> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name(format!("{PROGRAM}{EXE_SUFFIX}"));
    // `cargo run` builds one program alone; an older one of another build would count other code.
    if is_older(&program, &own) {
        let release = (!cfg!(debug_assertions)).then_some("--release");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--package", env!("CARGO_PKG_NAME"), "--bin", PROGRAM])
            .args(release)
            .args(cfg!(feature = "optional").then_some("--features=optional"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .context("can't run cargo")?;
        ensure!(built.success() && program.exists(), "can't build `{PROGRAM}`");
    }
    let names: Vec<_> = rows.iter().map(|row| row.name).collect();
    let output = Command::new(&program)
        .arg(names.join(","))
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("can't run {}", program.display()))?;
    ensure!(output.status.success(), "`{PROGRAM}` ended with {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("`{PROGRAM}` says no JSON"))
}

/// `true` if the program is missing, or was built before the other.
fn is_older(program: &Path, than: &Path) -> bool {
    let built = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    match (built(program), built(than)) {
        (Some(program), Some(than)) => program < than,
        _ => true,
    }
}

/// Counts, for the program whose allocator does. `measure` runs a function, and says how often it
/// allocated on this thread.
///
/// # Errors
/// If a row can't be run, or loses a message.
pub fn count(names: &[String], measure: fn(&mut dyn FnMut()) -> u64) -> Result<Allocations> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let environment = Arc::new(runtime.block_on(Environment::start())?);
    let mut all = BTreeMap::new();
    for row in picked(names)? {
        let lap = |side: Side| -> Result<f64> {
            let counted = |messages| -> Result<u64> {
                let lap = runtime.block_on(side(Arc::clone(&environment), messages))?;
                let mut timed = Some(lap.run());
                let mut check = None;
                let count =
                    measure(&mut || check = timed.take().map(|timed| runtime.block_on(timed)));
                runtime.block_on(check.context("nothing was run")??)?;
                Ok(count)
            };
            // The first lap fills what is filled once; the difference of the others is what
            // messages cost, without what a lap costs.
            counted(MESSAGES)?;
            let (few, many) = (counted(MESSAGES)?, counted(MESSAGES * 3)?);
            #[expect(clippy::cast_precision_loss, reason = "a number of allocations")]
            let per_message = many.saturating_sub(few) as f64 / (MESSAGES * 2) as f64;
            Ok(per_message)
        };
        let whose = |whose: &str| format!("the row `{}`, {whose}", row.name);
        let raw = Some(lap(row.raw).with_context(|| whose("raw"))?);
        let ours = row.ours.map(lap).transpose().with_context(|| whose("ours"))?;
        all.insert(row.name.to_owned(), PerMessage { raw, ours });
    }
    Ok(Allocations(all))
}
