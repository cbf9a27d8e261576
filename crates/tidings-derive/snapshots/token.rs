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
        fn append_to(&self, subject: &mut __tidings::std::string::String) {
            subject
                .push_str(
                    match self {
                        Self::Eu => "eu",
                        Self::Us => "us",
                    },
                );
        }
        fn parse(
            token: &__tidings::core::primitive::str,
        ) -> __tidings::core::option::Option<Self> {
            match token {
                "eu" => __tidings::core::option::Option::Some(Self::Eu),
                "us" => __tidings::core::option::Option::Some(Self::Us),
                _ => __tidings::core::option::Option::None,
            }
        }
    }
};
