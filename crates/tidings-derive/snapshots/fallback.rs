::core::compile_error! {
    "`{regoin}` names no field: did you mean `{region}`? the field is `region`"
}
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
    struct OrderCreatedFilter(
        __tidings::core::marker::PhantomData<fn() -> OrderCreated>,
    );
    #[automatically_derived]
    impl OrderCreatedFilter {
        pub fn region<__T>(self, _: __T) -> Self {
            self
        }
    }
    #[automatically_derived]
    impl __tidings::Filter for OrderCreatedFilter {
        type Message = OrderCreated;
        fn subjects(
            self,
        ) -> __tidings::Result<
            __tidings::Vec<__tidings::Subject>,
            __tidings::SubjectError,
        > {
            __tidings::core::unreachable!()
        }
    }
    #[automatically_derived]
    impl __tidings::Message for OrderCreated {
        type Reply = ();
        type Error = __tidings::Failure;
        type Tokens = ();
        type Filter = OrderCreatedFilter;
        type Form = Self;
        const DECLARATIONS: &'static [&'static __tidings::Declaration] = &[
            &__tidings::Declaration::new("", 1, "", "", ""),
        ];
        fn subject(
            &self,
        ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
            __tidings::core::unreachable!()
        }
        fn filter() -> <Self as __tidings::Message>::Filter {
            __tidings::core::unreachable!()
        }
        fn parse_subject(
            _: &__tidings::str,
        ) -> __tidings::Result<
            <Self as __tidings::Message>::Tokens,
            __tidings::ParseSubjectError,
        > {
            __tidings::core::unreachable!()
        }
    }
    #[automatically_derived]
    impl __tidings::Form<Self> for OrderCreated {
        fn encode<__W: __tidings::std::io::Write>(
            _: &Self,
            _: __W,
        ) -> __tidings::Result<(), __tidings::serde_json::Error> {
            __tidings::core::unreachable!()
        }
        fn read_back(
            _: &Self,
            _: &[__tidings::u8],
        ) -> __tidings::Result<(), __tidings::ReadBackError> {
            __tidings::core::unreachable!()
        }
        fn descriptors() -> __tidings::Vec<__tidings::Descriptor> {
            __tidings::core::unreachable!()
        }
    }
    #[automatically_derived]
    impl __tidings::Decode for OrderCreated {}
    #[automatically_derived]
    impl __tidings::Reading<Self> for OrderCreated {
        fn decode_by<const WAS_WRITTEN: __tidings::bool>(
            _: &'static __tidings::Declaration,
            _: &[__tidings::u8],
        ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
            __tidings::core::unreachable!()
        }
        fn outcome(
            _: __tidings::Result<
                <Self as __tidings::Message>::Reply,
                <Self as __tidings::Message>::Error,
            >,
            _: __tidings::bool,
        ) -> __tidings::Outcome {
            __tidings::core::unreachable!()
        }
    }
    #[automatically_derived]
    impl __tidings::Event for OrderCreated {
        type Ack = ();
    }
};
