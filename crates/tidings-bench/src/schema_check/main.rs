//! Time of `tidings schema check` over a folder of many messages, and of the program `jsoncompat` over
//! the same pairs: `crates/tidings-bench/peers/schema-check` builds both, and runs this.

mod corpus;
mod edit;
mod schema;
mod shape;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use corpus::Size;

/// Times `tidings schema check` over a folder that it makes, and beside it another program
#[derive(Debug, Parser)]
struct Arguments {
    /// The program `tidings`, built in release mode.
    #[arg(long, default_value = "target/release/tidings")]
    tidings: PathBuf,
    /// The program `jsoncompat`; without it nothing is compared.
    #[arg(long)]
    jsoncompat: Option<PathBuf>,
    /// Number of messages.
    #[arg(long, default_value_t = 1_000)]
    messages: u32,
    /// Number of versions of each message.
    #[arg(long, default_value_t = 5)]
    versions: u32,
    /// Number of turns of the programs.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Decides what the messages are like.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes the folder and the pairs here, and runs nothing.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Schemas that are compared, in a folder.
struct Files {
    schemas: PathBuf,
    old: PathBuf,
    new: PathBuf,
}

impl Files {
    fn of(folder: &Path) -> Self {
        let [schemas, old, new] = ["schemas", "old.json", "new.json"].map(|name| folder.join(name));
        Self { schemas, old, new }
    }
}

fn main() -> ExitCode {
    tidings_bench::exit(run(&Arguments::parse()).map(|()| true))
}

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
fn run(arguments: &Arguments) -> Result<()> {
    let size = Size { messages: arguments.messages, versions: arguments.versions };
    let catalog = corpus::catalog(size, arguments.seed)?;
    let scratch = tempfile::tempdir()?;
    let folder = arguments.write.as_deref().unwrap_or(scratch.path());
    fs::create_dir_all(folder)?;
    let files = Files::of(folder);
    catalog.write_to(&files.schemas)?;
    let pairs = corpus::write_pairs(&catalog, [&files.old, &files.new])?;
    println!("{} messages, {pairs} pairs", catalog.len());
    if arguments.write.is_some() {
        return Ok(());
    }
    let said = scratch.path().join("said");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let mut check = Command::new(&arguments.tidings);
        check.args(["schema", "check", "--mode", "backward-transitive", "--schemas"]);
        // Differences are found, and say so.
        ours.push(turn(check.arg(&files.schemas), &said, &[0, 3])?);
        if let Some(jsoncompat) = &arguments.jsoncompat {
            let mut ci = Command::new(jsoncompat);
            ci.args(["ci", "--display", "json"]).arg(&files.old).arg(&files.new);
            theirs.push(turn(&mut ci, &said, &[0, 1])?);
        }
    }
    println!("tidings     {}", line(&ours));
    if !theirs.is_empty() {
        println!("jsoncompat  {}", line(&theirs));
        let ratios =
            ours.iter().zip(&theirs).map(|(one, other)| one.as_secs_f64() / other.as_secs_f64());
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        println!("ratio       {:.3}", ratios[ratios.len() / 2]);
    }
    Ok(())
}

/// Time of one run, whose output is read by nobody and written in full.
fn turn(command: &mut Command, said: &Path, codes: &[i32]) -> Result<Duration> {
    command.stdout(File::create(said)?).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().with_context(|| format!("{command:?} can't be run"))?;
    let took = begun.elapsed();
    ensure!(status.code().is_some_and(|code| codes.contains(&code)), "{command:?}: {status}");
    ensure!(fs::metadata(said)?.len() > 0, "{command:?} has said nothing");
    Ok(took)
}

/// The median, the least and the most.
fn line(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort();
    let at = |place: usize| times.get(place).copied().unwrap_or_default().as_secs_f64();
    let [median, least, most] = [times.len() / 2, 0, times.len().saturating_sub(1)].map(at);
    format!("{median:6.2} s ({least:.2} to {most:.2})")
}
