//! Streams that a schemas folder declares.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use tidings::StreamConfig;
use tidings::contract::{StreamFile, stream_files};
use tidings_subject::check_stream_name;

use crate::exit::Usage;

/// Suffix of every stream's file, behind the stream's name.
const SUFFIX: &str = ".stream.json";

/// Folder of declared streams, and a selection of them.
#[derive(Debug, Args)]
pub(super) struct Folder {
    /// The folder with the `*.stream.json` files.
    #[arg(long, default_value = "schemas", value_name = "FOLDER")]
    schemas: PathBuf,
    /// Number of servers that keep each stream, 1 to 5, whatever it declares: 1 where a server is alone.
    #[arg(long, env = "TIDINGS_STREAM_REPLICAS", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(super) replicas: Option<u8>,
    /// The streams that are meant; else all that are declared.
    #[arg(value_name = "STREAM")]
    streams: Vec<String>,
}

impl Folder {
    /// The configurations that are declared, by name.
    pub(super) fn read(&self) -> anyhow::Result<Vec<StreamConfig>> {
        let folder = self.schemas.display();
        let mut configs = Vec::new();
        for StreamFile { path, name, json, .. } in stream_files(&self.schemas)? {
            let shown = path.display();
            let config = StreamConfig::from_json(&json)
                .with_context(|| format!("{shown} is no stream's configuration"))?;
            // Before anything is asked for it: the name leads to subjects of the server's API.
            if config.name != name {
                let found = &config.name;
                bail!("{shown} declares stream {found:?}: its file is called {found}{SUFFIX}");
            }
            check_stream_name(&name).with_context(|| format!("{shown}: {name:?}"))?;
            if self.streams.is_empty() || self.streams.contains(&config.name) {
                configs.push(config);
            }
        }
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
