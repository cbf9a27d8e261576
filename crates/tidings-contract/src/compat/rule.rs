//! Rules: what a change breaks, why, and the way out, as data.

use std::fmt;

use serde::{Serialize, Serializer};

/// Weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// A program on the other side fails by it.
    Break,
    /// A change that breaks nothing, and of which somebody should know.
    Warning,
    /// Not decided.
    Unknown,
}

macro_rules! rules {
    ($(#[$doc:meta])* $name:ident: $($rule:ident $id:literal $severity:ident, $message:literal, $why:literal, $mend:literal,
       $old:literal => $new:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $id, "`: ", $message, ".")]
                $rule,
            )*
        }

        impl $name {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule),*];

            /// Name that stays, such as `required-added`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$rule => $id),* }
            }

            /// Weight of a finding by it.
            pub fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity),* }
            }

            /// The change, in words.
            pub fn message(self) -> &'static str {
                match self { $(Self::$rule => $message),* }
            }

            /// The harm that it does.
            pub fn why(self) -> &'static str {
                match self { $(Self::$rule => $why),* }
            }

            /// The way out.
            pub fn mend(self) -> &'static str {
                match self { $(Self::$rule => $mend),* }
            }

            /// A pair that breaks it, old and new, as JSON: of schemas, or of messages' files.
            pub fn example(self) -> (&'static str, &'static str) {
                match self { $(Self::$rule => ($old, $new)),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.id())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.id())
            }
        }
    };
}

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

rules! {
    /// A rule that a change of a message can break, beyond its schemas.
    MessageRule:
    MessageRemoved "message-removed" Break, "the message is gone",
        "who handles it hears nothing more, and who has stored ones can't tell what they are",
        "keep its type as long as anybody handles it or a stream holds one",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"# => "[]";
    VersionReplaced "version-replaced" Warning, "the version is replaced by a later one",
        "who handles only the old one hears nothing more",
        "publish both until nobody handles the old one",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"event","name":"a","version":2,"subject":"a.v2"}]"#;
    KindChanged "kind-changed" Break, "an event became a request, or the other way round",
        "who handles it answers what is not asked, or not what is",
        "give the other kind another name",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#;
    SubjectChanged "subject-changed" Break, "the subject is another",
        "who listens to the old subject hears nothing more",
        "keep the subject, or give the message another version",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}.x"}]"#;
    TokenRenamed "token-renamed" Warning, "a token of the subject has another name",
        "programs that read tokens by name no longer find it",
        "keep the field's name, or tell those who read it",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a.{c}"}]"#;
    StreamChanged "stream-changed" Break, "another stream keeps it, or none",
        "consumers of the old stream are given no more of it",
        "keep the stream, or move consumers and messages first",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"B"}]"#;
    StreamAdded "stream-added" Warning, "a stream keeps it now",
        "who handles it by a queue group gets it once, and who makes a consumer gets it again",
        "start the handlers anew with the new type",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"B"}]"#;
    TagRemoved "tag-removed" Break, "no header says any more which message it is",
        "a handler that goes by the header takes it for none",
        "keep `tagged`",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","tagged":true}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#;
    UpcastRemoved "upcast-removed" Break, "an older version is not upcast any more",
        "a handler does not get what is stored or sent of it",
        "keep `upcasts`, or let it name a version that upcasts the older one",
        r#"[{"kind":"event","name":"a","version":2,"subject":"a.v2","upcasts":"a.v1"},{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"event","name":"a","version":2,"subject":"a.v2"},{"kind":"event","name":"a","version":1,"subject":"a"}]"#;
    IdChanged "id-changed" Warning, "other fields identify it",
        "one that is published again, by the old fields or the new, is stored twice, or passed over as \
         another one's double",
        "start the new publishers once the old ones are gone for longer than the stream's duplicate window",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","id":["b"]}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","id":["b","c"]}]"#;
    ErrorAdded "error-added" Break, "a request declares an error that it did not have",
        "an asker of the old type can't read it",
        "answer with a reply that says so, or give the request another version",
        r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"type":"string"}}}]"#;
}
