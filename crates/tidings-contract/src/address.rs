//! Addresses of schemas, as `$id` and `$ref` write them.

/// An address as it is meant where another is the base (RFC 3986, without steps upwards).
pub(crate) fn joined(base: &str, address: &str) -> String {
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

/// A fragment of an address without percent-encoding (RFC 3986); one that is encoded wrongly is as it is.
pub(crate) fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((byte, more)) = rest.split_first() {
        let code = more.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(code) if *byte == b'%' => {
                bytes.push(code);
                rest = &more[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| fragment.to_owned())
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
