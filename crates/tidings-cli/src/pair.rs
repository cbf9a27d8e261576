//! A name and a value, as an argument.

/// Reads `NAME=VALUE`; the name is not empty.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = split.ok_or("give a name, `=`, and a value")?;
    Ok((name.to_owned(), value.to_owned()))
}
