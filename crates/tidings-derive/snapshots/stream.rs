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
    impl __tidings::EventStream for Orders {
        const NAME: &'static __tidings::str = "ORDERS";
        const SUBJECTS: &'static [&'static __tidings::str] = &["orders.>"];
        fn config() -> __tidings::StreamConfig {
            let mut config = __tidings::stream_config::<Self>();
            config.description = __tidings::Some(
                <__tidings::String as __tidings::core::convert::From<
                    _,
                >>::from("Everything that happens to an order."),
            );
            config.max_age = __tidings::Some(
                __tidings::core::time::Duration::from_nanos(604800000000000u64),
            );
            config.storage = __tidings::Storage::Memory;
            config
        }
    }
};
