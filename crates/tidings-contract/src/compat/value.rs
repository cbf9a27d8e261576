//! Values of buckets, which have no versions: what breaks readers of what is stored, and the way out of it.

use super::rule::{MessageRule, Rule};
use crate::descriptor::Descriptor;

/// Way out of a break of a schema.
pub(super) fn mend(message: &Descriptor, rule: Rule) -> &'static str {
    match rule {
        _ if !message.is_value() => rule.mend(),
        Rule::TypeChanged => {
            "give the field another name, or store the values in a bucket of another name"
        }
        Rule::EnumIntroduced => "take any value, or store the values in a bucket of another name",
        Rule::PatternChanged => "keep the pattern, or store the values in a bucket of another name",
        rule => rule.mend(),
    }
}

/// Harm of a break beyond schemas.
pub(super) fn why_of_message(message: &Descriptor, rule: MessageRule) -> &'static str {
    match rule {
        MessageRule::SubjectChanged if message.is_value() => {
            "what is stored is under keys that are none of the new template"
        }
        MessageRule::MessageRemoved if message.is_value() => {
            "who reads or watches the bucket can't tell what its values are"
        }
        rule => rule.why(),
    }
}

/// Way out of a break beyond schemas.
pub(super) fn mend_of_message(message: &Descriptor, rule: MessageRule) -> &'static str {
    match rule {
        MessageRule::SubjectChanged if message.is_value() => {
            "keep the key's template, or store the values in a bucket of another name"
        }
        MessageRule::MessageRemoved if message.is_value() => {
            "keep the value's type as long as anybody reads the bucket"
        }
        rule => rule.mend(),
    }
}
