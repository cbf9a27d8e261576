/// A release of the AsyncAPI specification that documents are written in.
///
/// What the documents of a [`Catalog`](crate::Catalog) hold is the same in each: a later one is for
/// tools that read it, and an earlier one for those that don't yet. Modelina 5.10.1 and what is built on it make
/// nothing of 3.1, without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AsyncApiRelease {
    /// [AsyncAPI 3.0.0](https://www.asyncapi.com/docs/reference/specification/v3.0.0), of December 2023.
    V3_0,
    /// [AsyncAPI 3.1.0](https://www.asyncapi.com/docs/reference/specification/v3.1.0).
    #[default]
    V3_1,
}

impl AsyncApiRelease {
    /// The release as documents say it: `3.1.0`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V3_0 => "3.0.0",
            Self::V3_1 => "3.1.0",
        }
    }
}
