//! Rules of a schema.

use std::fmt;

use serde::{Serialize, Serializer};

use super::severity::Severity;

rules! {
    /// A rule that a change of a schema can break.
    Rule:
    TypeChanged "type-changed" Break, "the type is another",
        "a value of the old type is refused by the new reader",
        "give the field another name, or the message another version",
        r#"{"type":"string"}"# => r#"{"type":"integer"}"#;
    EnumValueRemoved "enum-value-removed" Break, "a value is no longer among those that are taken",
        "what was written with it is refused",
        "keep the value, and stop writing it",
        r#"{"enum":["a","b"]}"# => r#"{"enum":["a"]}"#;
    EnumIntroduced "enum-introduced" Break, "only listed values are taken now",
        "any other that was written is refused",
        "take any value, or give the message another version",
        r#"{"type":"string"}"# => r#"{"enum":["a"]}"#;
    ValueRefused "value-refused" Break, "a value that was written is refused",
        "messages that hold it can no longer be read",
        "loosen what refuses it",
        r#"{"const":5}"# => r#"{"type":"integer","minimum":6}"#;
    NothingAllowed "nothing-allowed" Break, "nothing is taken any more",
        "whatever was written is refused",
        "leave the field out of the type instead",
        r#"{"type":"object","properties":{"a":{"type":"string"}}}"#
            => r#"{"type":"object","properties":{"a":false}}"#;
    MinimumRaised "minimum-raised" Break, "the smallest number that is taken is larger",
        "smaller numbers that were written are refused",
        "keep the bound, or a type of that width",
        r#"{"type":"integer","minimum":0}"# => r#"{"type":"integer","minimum":1}"#;
    MaximumLowered "maximum-lowered" Break, "the largest number that is taken is smaller",
        "larger numbers that were written are refused",
        "keep the bound, or a type of that width",
        r#"{"type":"integer","format":"int64"}"# => r#"{"type":"integer","maximum":10}"#;
    StepChanged "step-changed" Break, "numbers must be multiples of another step",
        "others that were written are refused",
        "keep the step, or take one that divides it",
        r#"{"type":"integer","multipleOf":5}"# => r#"{"type":"integer","multipleOf":10}"#;
    MinLengthRaised "min-length-raised" Break, "the shortest text that is taken is longer",
        "shorter ones that were written are refused",
        "keep the limit",
        r#"{"type":"string"}"# => r#"{"type":"string","minLength":1}"#;
    MaxLengthLowered "max-length-lowered" Break, "the longest text that is taken is shorter",
        "longer ones that were written are refused",
        "keep the limit",
        r#"{"type":"string","maxLength":10}"# => r#"{"type":"string","maxLength":5}"#;
    PatternChanged "pattern-changed" Break, "texts must match another pattern",
        "others that were written are refused",
        "keep the pattern, or give the message another version",
        r#"{"type":"string"}"# => r#"{"type":"string","pattern":"^[A-Z]+$"}"#;
    FormatChanged "format-changed" Break, "texts must have another format",
        "others that were written are refused",
        "keep the format, or give the field another name",
        r#"{"type":"string"}"# => r#"{"type":"string","format":"uuid"}"#;
    ContentChanged "content-changed" Break, "texts hold another kind of content",
        "what was written is read as what it is not",
        "give the field another name",
        r#"{"type":"string","contentEncoding":"base64"}"#
            => r#"{"type":"string","contentEncoding":"base32"}"#;
    MinItemsRaised "min-items-raised" Break, "the shortest list that is taken is longer",
        "shorter ones that were written are refused",
        "keep the limit",
        r#"{"type":"array"}"# => r#"{"type":"array","minItems":1}"#;
    MaxItemsLowered "max-items-lowered" Break, "the longest list that is taken is shorter",
        "longer ones that were written are refused",
        "keep the limit",
        r#"{"type":"array"}"# => r#"{"type":"array","maxItems":3}"#;
    UniqueIntroduced "unique-introduced" Break, "items must differ now",
        "lists in which one stands twice are refused",
        "take lists as they were",
        r#"{"type":"array"}"# => r#"{"type":"array","uniqueItems":true}"#;
    ContainsChanged "contains-changed" Break, "a list must contain other items",
        "lists without them are refused",
        "take lists as they were",
        r#"{"type":"array"}"# => r#"{"type":"array","contains":{"type":"string"}}"#;
    RequiredAdded "required-added" Break, "a field is required that was not there",
        "what was written without it is refused",
        "give it a default (`#[serde(default)]`), or make it an `Option`",
        r#"{"type":"object","properties":{"a":{"type":"string"}}}"#
            => r#"{"type":"object","properties":{"b":{"type":"string"}},"required":["b"]}"#;
    OptionalBecameRequired "optional-became-required" Break,
        "a field is required that could be left out",
        "what was written without it is refused",
        "give it a default (`#[serde(default)]`)",
        r#"{"type":"object","properties":{"a":{"type":"string"}}}"#
            => r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#;
    PropertyRefused "property-refused" Break, "a field is refused that was written",
        "what holds it can no longer be read",
        "keep the field, or leave `deny_unknown_fields` out",
        r#"{"type":"object","properties":{"a":{"type":"string"}}}"#
            => r#"{"type":"object","additionalProperties":false}"#;
    PropertyNameRefused "property-name-refused" Break, "a name is refused that was written",
        "what holds it can no longer be read",
        "take the name",
        r#"{"type":"object","properties":{"b":{"type":"string"}}}"#
            => r#"{"type":"object","propertyNames":{"enum":["a"]}}"#;
    MinPropertiesRaised "min-properties-raised" Break, "an object must have more fields",
        "smaller ones that were written are refused",
        "keep the limit",
        r#"{"type":"object","additionalProperties":true}"#
            => r#"{"type":"object","minProperties":1}"#;
    MaxPropertiesLowered "max-properties-lowered" Break, "an object may have fewer fields",
        "larger ones that were written are refused",
        "keep the limit",
        r#"{"type":"object","additionalProperties":true}"#
            => r#"{"type":"object","maxProperties":1}"#;
    DependencyAdded "dependency-added" Break, "a field is required beside another",
        "what was written without it is refused",
        "give it a default (`#[serde(default)]`)",
        r#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}"#
            => r#"{"type":"object","dependentRequired":{"a":["b"]}}"#;
    NoBranch "no-alternative" Break, "none of the alternatives takes it",
        "what was written is refused",
        "keep the alternative that took it",
        r#"{"type":"integer"}"#
            => r#"{"oneOf":[{"type":"string"},{"type":"boolean"},{"type":"null"}]}"#;
    BranchOverlaps "alternatives-overlap" Break,
        "more than one of the alternatives takes it, where exactly one may",
        "what was written is refused by a validator",
        "tell the alternatives apart, by a tag",
        r#"{"type":"integer"}"# => r#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#;
    Excluded "excluded" Break, "values are excluded that were taken",
        "what was written with them is refused",
        "take them as before",
        r#"{"type":"string"}"# => r#"{"type":"string","not":{"minLength":5}}"#;
    ConditionChanged "condition-changed" Break, "a condition asks for more",
        "what was written without that is refused",
        "ask for no more than before",
        r#"{"type":"integer"}"# => r#"{"if":{"minimum":10},"then":{"multipleOf":2}}"#;
    PropertyRenamed "property-renamed" Break, "a field looks renamed",
        "the reader passes over what is written under the old name, and finds nothing under the new",
        "keep the old name, or take both, with serde's `alias`",
        r#"{"type":"object","properties":{"note":{"type":"string"}}}"#
            => r#"{"type":"object","properties":{"notes":{"type":"string"}}}"#;
    PropertyDropped "property-dropped" Warning, "a field is no longer read",
        "what is written in it is passed over",
        "nothing, if nobody needs it",
        r#"{"type":"object","properties":{"a":{"type":"string"}}}"#
            => r#"{"type":"object","properties":{"x":{"type":"integer"}}}"#;
    Undecided "undecided" Unknown, "this can't be decided",
        "it is neither shown that the reader takes all of it nor that it refuses some",
        "look at it, and accept it with a reason",
        r#"{"type":"string","pattern":"^(?=a)a+$"}"#
            => r#"{"type":"string","pattern":"^(?=a)a*$"}"#;
}
