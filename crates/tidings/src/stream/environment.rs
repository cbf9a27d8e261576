//! A stream as it is made in an environment, where that can't be as it is declared: a laptop's one server
//! holds no three replicas.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::StreamConfig;

/// A change of declared streams, by a program.
pub(crate) type Edit = Arc<dyn Fn(&mut StreamConfig) + Send + Sync>;

/// Changes of declared streams in an environment: by its operator, and by the program.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    /// Number of servers that keep each stream, and who says so.
    pub(crate) replicas: Option<(u8, &'static str)>,
    /// Changes by a registry.
    pub(crate) edit: Option<Edit>,
}

/// A field of a stream's configuration that is another one in this environment than is declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StreamOverride {
    /// The field, as NATS's configuration names it.
    pub field: String,
    /// The declared value, as NATS's JSON has it; `null` where nothing is said.
    pub declared: Value,
    /// The value in this environment.
    pub used: Value,
    /// Origin of the change: a variable of the environment, or a method.
    pub by: &'static str,
}

/// A stream as it is made here.
pub(crate) struct Fitted {
    pub(crate) config: StreamConfig,
    pub(crate) overrides: Vec<StreamOverride>,
}

impl Environment {
    /// The stream as it is made here. Its name and its subjects stay: events are declared for them.
    pub(crate) fn fit(&self, declared: StreamConfig) -> Fitted {
        if self.replicas.is_none() && self.edit.is_none() {
            return Fitted { config: declared, overrides: Vec::new() };
        }
        let (mut config, mut overrides) = (declared.clone(), Vec::new());
        if let Some(edit) = &self.edit {
            edit(&mut config);
            config.name.clone_from(&declared.name);
            config.subjects.clone_from(&declared.subjects);
            overrides = changes(&declared, &config, "Registry::stream_config");
        }
        if let Some((replicas, by)) = self.replicas {
            let before = config.clone();
            config.replicas = replicas;
            if replicas == 1 {
                // Placement is among the servers of a cluster.
                config.placement = None;
            }
            for mut change in changes(&before, &config, by) {
                if let Some(known) = overrides.iter().position(|known| known.field == change.field)
                {
                    change.declared = overrides.remove(known).declared;
                }
                overrides.push(change);
            }
        }
        Fitted { config, overrides }
    }

    /// Adds the changes of a registry to this environment.
    pub(crate) fn with(&self, edit: Option<Edit>) -> Self {
        Self { edit, ..self.clone() }
    }
}

/// The fields in which two configurations differ.
fn changes(declared: &StreamConfig, used: &StreamConfig, by: &'static str) -> Vec<StreamOverride> {
    let fields = |config: &StreamConfig| match config.to_value() {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let (declared, used) = (fields(declared), fields(used));
    let mut names: Vec<&String> = declared.keys().chain(used.keys()).collect();
    names.sort();
    names.dedup();
    let value =
        |fields: &Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    let changed = names.into_iter().filter(|name| declared.get(*name) != used.get(*name));
    let told = changed.map(|name| StreamOverride {
        field: name.clone(),
        declared: value(&declared, name),
        used: value(&used, name),
        by,
    });
    told.collect()
}

/// `num_replicas: 3 is declared, 1 is used (TIDINGS_STREAM_REPLICAS)`
impl fmt::Display for StreamOverride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, declared, used, by } = self;
        write!(f, "{field}: {declared} is declared, {used} is used ({by})")
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("replicas", &self.replicas)
            .field("edit", &self.edit.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Placement;

    #[test]
    fn what_is_changed_is_told_and_by_whom() {
        let mut declared = StreamConfig::new("ORDERS", ["orders.>"]);
        (declared.replicas, declared.placement) = (3, Some(Placement::default()));
        assert_eq!(Environment::default().fit(declared.clone()).overrides, []);
        let edit = |config: &mut StreamConfig| {
            config.name = "OTHERS".to_owned();
            (config.replicas, config.max_messages) = (5, Some(7));
        };
        let environment =
            Environment { replicas: Some((1, "single_node")), edit: Some(Arc::new(edit)) };
        let Fitted { config, overrides } = environment.fit(declared);
        assert_eq!((&*config.name, config.replicas, config.max_messages), ("ORDERS", 1, Some(7)));
        let told: Vec<_> = overrides.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "max_msgs: null is declared, 7 is used (Registry::stream_config)",
                "num_replicas: 3 is declared, 1 is used (single_node)",
                "placement: {} is declared, null is used (single_node)",
            ]
        );
    }
}
