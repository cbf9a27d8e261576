#[doc(hidden)]
#[allow(
    missing_docs,
    non_local_definitions,
    non_shorthand_field_patterns,
    private_bounds,
    private_interfaces,
    unused_lifetimes,
    unused_qualifications,
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    clippy::restriction,
)]
const _: () = {
    use ::tidings::__private as __tidings;
    #[automatically_derived]
    impl __tidings::Token for Region {
        type Owned = Self;
        fn append_to(&self, subject: &mut __tidings::String) {
            subject
                .push_str(
                    match self {
                        Self::Eu => "eu",
                        Self::Us => "us",
                    },
                );
        }
        fn parse(token: &__tidings::str) -> __tidings::Option<Self> {
            match token {
                "eu" => __tidings::Some(Self::Eu),
                "us" => __tidings::Some(Self::Us),
                _ => __tidings::None,
            }
        }
    }
};
