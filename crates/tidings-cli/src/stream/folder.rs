//! Streams that a schemas folder declares.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tidings::StreamConfig;

use crate::exit::Usage;

/// What every stream's file is called, behind the stream's name.
const SUFFIX: &str = ".stream.json";

/// Where streams are declared, and which of them are meant.
#[derive(Debug, Args)]
pub(super) struct Folder {
    /// The folder with the `*.stream.json` files.
    #[arg(long, default_value = "schemas", value_name = "FOLDER")]
    schemas: PathBuf,
    /// Only these streams; else all that are declared.
    #[arg(value_name = "STREAM")]
    streams: Vec<String>,
}

impl Folder {
    /// The configurations that are declared, by name.
    pub(super) fn read(&self) -> anyhow::Result<Vec<StreamConfig>> {
        let folder = self.schemas.display();
        let entries = fs::read_dir(&self.schemas);
        let mut configs = Vec::new();
        for entry in entries.with_context(|| format!("folder {folder} can't be read"))? {
            let path = entry.with_context(|| format!("folder {folder} can't be read"))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.ends_with(SUFFIX) {
                continue;
            }
            let shown = path.display();
            let text =
                fs::read_to_string(&path).with_context(|| format!("{shown} can't be read"))?;
            let config = StreamConfig::from_json(&text)
                .with_context(|| format!("{shown} is no stream's configuration"))?;
            if self.streams.is_empty() || self.streams.contains(&config.name) {
                configs.push(config);
            }
        }
        configs.sort_by(|a, b| a.name.cmp(&b.name));
        let is_there = |name: &&String| configs.iter().any(|config| config.name == **name);
        if let Some(missing) = self.streams.iter().find(|name| !is_there(name)) {
            return Err(Usage(format!("no {SUFFIX} in {folder} declares stream {missing}")).into());
        }
        if configs.is_empty() {
            return Err(Usage(format!("there is no *{SUFFIX} in {folder}")).into());
        }
        Ok(configs)
    }
}
