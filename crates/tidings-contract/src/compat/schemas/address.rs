//! Addresses of schemas in a document: its resources by their `$id`, anchors, and what a reference leads to.

use hashbrown::HashMap;
use serde_json::Value;

use crate::compat::node::Id;

/// A schema with an address of its own: references below it start from there.
#[derive(Debug)]
struct Resource<'a> {
    address: String,
    schema: &'a Value,
    id: Id,
}

/// Addresses that are known so far.
#[derive(Debug, Default)]
pub(super) struct Addresses<'a> {
    resources: Vec<Resource<'a>>,
    /// Schemas by the resource in which they stand and their anchor.
    anchors: HashMap<(usize, String), Id>,
}

/// Target of a reference.
pub(super) enum Target<'a> {
    /// A schema that was read.
    Known(Id),
    /// The schema at a JSON pointer from another one.
    Below { schema: &'a Value, from: Id, pointer: String, resource: usize },
}

impl<'a> Addresses<'a> {
    /// Adds a resource that stands in another, by the `$id` that it has; the first is the document.
    pub(super) fn add(&mut self, within: usize, own: &str, schema: &'a Value, id: Id) -> usize {
        let base = self.resources.get(within).map_or("", |resource| &*resource.address);
        let address = joined(base, own.trim_end_matches('#'));
        self.resources.push(Resource { address, schema, id });
        self.resources.len() - 1
    }

    pub(super) fn add_anchor(&mut self, resource: usize, name: &str, id: Id) {
        self.anchors.insert((resource, name.to_owned()), id);
    }

    /// Follows a reference that stands in a resource; `None` if it leads out of the document, or nowhere.
    pub(super) fn follow(&self, from: usize, reference: &str) -> Option<Target<'a>> {
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let at = if address.is_empty() {
            from
        } else {
            let base = self.resources.get(from).map_or("", |resource| &*resource.address);
            let whole = joined(base, address);
            self.resources.iter().position(|one| one.address == whole)?
        };
        let resource = self.resources.get(at)?;
        let fragment = percent_decoded(fragment)?;
        if fragment.is_empty() {
            return Some(Target::Known(resource.id));
        }
        if !fragment.starts_with('/') {
            return self.anchors.get(&(at, fragment)).copied().map(Target::Known);
        }
        let schema = resource.schema.pointer(&fragment)?;
        Some(Target::Below { schema, from: resource.id, pointer: fragment, resource: at })
    }
}

/// An address as it is meant where another is the base (RFC 3986, without steps upwards).
fn joined(base: &str, address: &str) -> String {
    let scheme = |text: &str| {
        let end = text.find(':')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        text.get(..end)?.chars().all(is_name).then_some(end + 1)
    };
    if base.is_empty() || scheme(address).is_some() {
        return address.to_owned();
    }
    let path = scheme(base).map_or(0, |end| match base.get(end..) {
        Some(rest) if rest.starts_with("//") => {
            rest[2..].find('/').map_or(base.len(), |slash| end + 2 + slash)
        }
        _ => end,
    });
    let kept = if address.starts_with('/') {
        base.get(..path)
    } else {
        base.rfind('/').filter(|slash| *slash >= path).and_then(|slash| base.get(..=slash))
    };
    format!("{}{address}", kept.unwrap_or_default())
}

/// A fragment of an address, without percent-encoding (RFC 3986).
fn percent_decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((byte, more)) = rest.split_first() {
        rest = more;
        if *byte == b'%' {
            let code = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(code, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn an_address_is_joined_to_its_base() {
        for (base, address, whole) in [
            ("", "a.json", "a.json"),
            ("http://e/x/y.json", "z.json", "http://e/x/z.json"),
            ("http://e/x/y.json", "/z.json", "http://e/z.json"),
            ("http://e", "z", "z"),
            ("http://e/x", "http://f/y", "http://f/y"),
            ("urn:a:b", "urn:c", "urn:c"),
            ("a/b", "c", "a/c"),
        ] {
            assert_eq!(joined(base, address), whole, "{base} {address}");
        }
    }
}
