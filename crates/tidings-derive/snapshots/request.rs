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
    impl __tidings::Message for CheckInventory {
        type Reply = Stock;
        type Error = OutOfStock;
        type Tokens = ();
        type Filter = __tidings::Unfiltered<Self>;
        type Form = Self;
        const DECLARATION: __tidings::Declaration = __tidings::Declaration::whole(
                ("inventory.check", 1u32, "inventory.check.v1"),
                "inventory.check",
                "inventory.check",
                __tidings::Open::None,
                &[],
                __tidings::None,
            )
            .request();
        #[inline]
        fn subject(
            &self,
        ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
            __tidings::Ok(__tidings::Subject::from_static("inventory.check"))
        }
        #[inline]
        fn filter() -> __tidings::Unfiltered<Self> {
            __tidings::Unfiltered::new()
        }
        #[inline]
        fn read_tokens(_: &mut __tidings::SubjectReader<'_>) -> __tidings::Option<()> {
            __tidings::Some(())
        }
    }
    #[automatically_derived]
    impl __tidings::Request for CheckInventory {
        type Declared = OutOfStock;
    }
    #[automatically_derived]
    impl __tidings::Form<Self> for CheckInventory {
        #[inline]
        fn encode<__W: __tidings::std::io::Write>(
            message: &Self,
            payload: __W,
        ) -> __tidings::Result<(), __tidings::serde_json::Error> {
            __tidings::serde_json::to_writer(payload, message)
        }
        #[inline]
        fn read_back(
            message: &Self,
            payload: &[__tidings::u8],
        ) -> __tidings::Result<(), __tidings::ReadBackError> {
            __tidings::read_back(message, payload)
        }
        #[inline]
        fn descriptors() -> __tidings::Vec<__tidings::Descriptor> {
            __tidings::describe_fallible_request::<Self, Stock, OutOfStock>()
        }
    }
    #[automatically_derived]
    impl __tidings::Reading<Self> for CheckInventory {
        #[inline]
        fn decode_by<const WAS_WRITTEN: __tidings::bool>(
            _: &'static __tidings::Declaration,
            payload: &[__tidings::u8],
        ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
            __tidings::read_payload::<Self, WAS_WRITTEN>(payload)
        }
        #[inline]
        fn outcome(
            result: __tidings::Result<
                <Self as __tidings::Message>::Reply,
                <Self as __tidings::Message>::Error,
            >,
            reads_back: __tidings::bool,
        ) -> __tidings::Outcome {
            __tidings::Outcome::of_declared::<Stock, Self>(result, reads_back)
        }
    }
    #[automatically_derived]
    impl __tidings::Decode for CheckInventory {}
};
