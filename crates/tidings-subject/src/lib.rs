//! The grammar of NATS subjects: tokens, subjects, filters, and templates whose `{field}`s are
//! bound to a message's fields.
//!
//! Every check is a `const fn`, so that a wrong subject is an error of the compiler where it is
//! known, and the same error at run time where it is not.
//!
//! ```
//! use tidings_subject::{Template, check_token, covers, matches};
//!
//! const _: () = assert!(covers(&["orders.>"], "orders.*.created"));
//!
//! let template = Template::parse("orders.{region}.created")?;
//! assert_eq!(template.filter(), "orders.*.created");
//! assert!(matches(&template.filter(), "orders.eu.created"));
//! assert_eq!(
//!     format!("{:?} {}", "eu.west", check_token("eu.west").unwrap_err()),
//!     "\"eu.west\" holds `.`, which separates tokens",
//! );
//! # Ok::<(), tidings_subject::TemplateError<'_>>(())
//! ```

mod key;
mod name;
mod relation;
mod scan;
mod syntax;
mod template;
mod token;

pub use key::{check_bucket_name, check_key, check_key_filter, check_key_token};
pub use name::{NameError, check_consumer_name, check_stream_name};
pub use relation::{covers, matches, overlaps};
pub use syntax::{SyntaxCause, SyntaxError, check_filter, check_subject};
pub use template::{Segment, Segments, Template, TemplateCause, TemplateError};
pub use token::{TokenError, check_first_token, check_token};

/// The longest subject in bytes.
///
/// A nats-server closes the connection when a control line is over 4,096 bytes, and that line
/// holds the subject, the reply subject and the sizes. Half of it leaves room for the rest.
pub const MAX_LEN: usize = 2048;

/// The first token of the subjects on which delayed messages wait: `_schedules.<stream>.<id>`.
///
/// They wait in the stream that they are for (ADR-51), apart from its own subjects, so that nobody
/// who listens to those sees a message before its time.
pub const SCHEDULES: &str = "_schedules";
