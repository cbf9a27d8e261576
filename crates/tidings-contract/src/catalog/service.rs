//! Services in a catalog.

use std::collections::BTreeMap;

use tidings_subject::{check_consumer_name, check_filter, check_stream_name};

use super::{Catalog, CatalogError, is_path_safe};
use crate::service::{DurableConsumer, Service};
use crate::{canonical, difference};

impl Catalog {
    /// Adds a service; one that is there already is there once. The messages that it names need not be
    /// in the catalog, and may be added later.
    ///
    /// # Errors
    /// [`CatalogError`], if it is not well-formed, there is another one of its name, or another service
    /// declares the same durable consumer differently. The catalog is then as it was.
    pub fn add_service(&mut self, service: Service) -> Result<(), CatalogError> {
        check_itself(&service)?;
        if let Some(present) = self.services.get(&service.name) {
            if *present == service {
                return Ok(());
            }
            let text = |service: &Service| canonical::text(&canonical::data(service.to_value()));
            let difference = difference::excerpt(&text(present), &text(&service));
            return Err(CatalogError::ServiceClash { service: service.name, difference });
        }
        let mut added = BTreeMap::new();
        for consumer in service.consumers() {
            let key = (consumer.stream.clone(), consumer.name.clone());
            let present = self.consumers.get(&key).or_else(|| added.get(&key));
            if let Some(present) = present {
                check_same(present, consumer)?;
            }
            added.insert(key, consumer.clone());
        }
        self.consumers.append(&mut added);
        self.services.insert(service.name.clone(), service);
        Ok(())
    }

    /// Services of the catalog, ordered by name.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &Service> {
        self.services.values()
    }
}

/// Checks that two declarations of one durable consumer are the same.
fn check_same(present: &DurableConsumer, added: &DurableConsumer) -> Result<(), CatalogError> {
    if present == added {
        return Ok(());
    }
    let [first, second] =
        [present, added].map(|consumer| canonical::text(&canonical::data(consumer.to_value())));
    Err(CatalogError::ConsumerClash {
        consumer: present.name.clone(),
        stream: present.stream.clone(),
        difference: difference::excerpt(&first, &second),
    })
}

fn check_itself(service: &Service) -> Result<(), CatalogError> {
    let Service { name, version, .. } = service;
    if !is_path_safe(name) || name.contains('.') {
        return Err(CatalogError::ServiceName { service: name.clone() });
    }
    for message in service.messages() {
        if !is_path_safe(&message.message) {
            return Err(CatalogError::Name { name: message.message.clone() });
        }
        if message.version == 0 {
            return Err(CatalogError::Version { name: message.message.clone() });
        }
    }
    let refused = |what, text: &str, why: String| {
        Err(CatalogError::Service { service: name.clone(), what, text: text.to_owned(), why })
    };
    if let Some(version) = version
        && !is_version(version)
    {
        let why = "has more in it than ASCII letters, digits, `.`, `-` and `+`".to_owned();
        return refused("version", version, why);
    }
    for handled in &service.handles {
        if let Err(error) = check_filter(&handled.filter) {
            return refused("filter", &handled.filter, error.to_string());
        }
        if let Some(group) = &handled.queue_group
            && let Err(error) = check_consumer_name(group)
        {
            return refused("queue group", group, error.to_string());
        }
    }
    for store in &service.stores {
        if let Err(error) = check_stream_name(&store.stream()) {
            return refused("store", &store.name, error.to_string());
        }
    }
    for consumer in service.consumers() {
        if let Err(error) = check_consumer_name(&consumer.name) {
            return refused("durable consumer", &consumer.name, error.to_string());
        }
        for stream in [&consumer.stream].into_iter().chain(&consumer.dead_letters) {
            if let Err(error) = check_stream_name(stream) {
                return refused("stream", stream, error.to_string());
            }
        }
    }
    Ok(())
}

/// Returns `true` for what a semantic version is written with.
fn is_version(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(is_plain)
}
