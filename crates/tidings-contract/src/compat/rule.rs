//! Rules: what a change breaks, why, and the way out, as data.

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

            /// A pair that breaks it, old and new, as JSON: of schemas, of messages' files, or of a catalog's parts.
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

mod catalog;
mod message;
mod schema;
mod severity;

pub use catalog::CatalogRule;
pub use message::MessageRule;
pub use schema::Rule;
pub use severity::Severity;
