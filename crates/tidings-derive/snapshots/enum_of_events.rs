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
    const _: () = if <OrderCreated as __tidings::Message>::DECLARATIONS.len() != 1 {
        __tidings::core::panic!(
            "{}",
            "`Created` holds an enum of events itself: a variant holds one event, so that its subject says which; name its variants here"
        )
    };
    const _: () = if !__tidings::core::matches!(
        < OrderCreated as __tidings::Message > ::DECLARATIONS[0].kind,
        __tidings::MessageKind::Event
    ) {
        __tidings::core::panic!(
            "{}",
            "`Created` holds a request: an enum of events holds what happened, and a request is asked and answered by itself"
        )
    };
    const _: () = if !__tidings::Declaration::is_kept_by(
        <OrderCreated as __tidings::Message>::DECLARATIONS[0],
        <Orders as __tidings::EventStream>::NAME,
    ) {
        __tidings::core::panic!(
            "{}",
            "`Created` holds an event that the stream `Orders` does not keep: add `stream = Orders` to the event, or leave the stream of the enum out"
        )
    };
    const _: () = if <OrderShipped as __tidings::Message>::DECLARATIONS.len() != 1 {
        __tidings::core::panic!(
            "{}",
            "`Shipped` holds an enum of events itself: a variant holds one event, so that its subject says which; name its variants here"
        )
    };
    const _: () = if !__tidings::core::matches!(
        < OrderShipped as __tidings::Message > ::DECLARATIONS[0].kind,
        __tidings::MessageKind::Event
    ) {
        __tidings::core::panic!(
            "{}",
            "`Shipped` holds a request: an enum of events holds what happened, and a request is asked and answered by itself"
        )
    };
    const _: () = if !__tidings::Declaration::is_kept_by(
        <OrderShipped as __tidings::Message>::DECLARATIONS[0],
        <Orders as __tidings::EventStream>::NAME,
    ) {
        __tidings::core::panic!(
            "{}",
            "`Shipped` holds an event that the stream `Orders` does not keep: add `stream = Orders` to the event, or leave the stream of the enum out"
        )
    };
    const _: () = match __tidings::Declaration::clash(
        <OrderShipped as __tidings::Message>::DECLARATIONS[0],
        &[<OrderCreated as __tidings::Message>::DECLARATIONS[0]],
    ) {
        __tidings::Some(0usize) => {
            __tidings::core::panic!(
                "{}",
                "`Created` and `Shipped` can have the same subject, so that a message of one could be taken for the other: add `tagged` to both events, or change the subject of one"
            )
        }
        _ => {}
    };
    ///The tokens of a subject of [`OrderEvent`].
    enum OrderEventTokens {
        ///The subject is one of `Created`.
        Created(__tidings::VariantTokens<OrderCreated>),
        ///The subject is one of `Shipped`.
        Shipped(__tidings::VariantTokens<OrderShipped>),
    }
    #[automatically_derived]
    impl __tidings::fmt::Debug for OrderEventTokens
    where
        for<'__a> __tidings::Part<
            '__a,
            __tidings::VariantTokens<OrderCreated>,
            0usize,
        >: __tidings::fmt::Debug,
        for<'__a> __tidings::Part<
            '__a,
            __tidings::VariantTokens<OrderShipped>,
            1usize,
        >: __tidings::fmt::Debug,
    {
        #[inline]
        fn fmt(&self, f: &mut __tidings::fmt::Formatter<'_>) -> __tidings::fmt::Result {
            match self {
                Self::Created(tokens) => {
                    __tidings::debug_part(
                        f,
                        "Created",
                        &__tidings::Part::<_, 0usize>(tokens),
                    )
                }
                Self::Shipped(tokens) => {
                    __tidings::debug_part(
                        f,
                        "Shipped",
                        &__tidings::Part::<_, 1usize>(tokens),
                    )
                }
            }
        }
    }
    #[automatically_derived]
    impl __tidings::core::clone::Clone for OrderEventTokens
    where
        for<'__a> __tidings::Part<
            '__a,
            __tidings::VariantTokens<OrderCreated>,
            0usize,
        >: __tidings::ClonePart<__tidings::VariantTokens<OrderCreated>>,
        for<'__a> __tidings::Part<
            '__a,
            __tidings::VariantTokens<OrderShipped>,
            1usize,
        >: __tidings::ClonePart<__tidings::VariantTokens<OrderShipped>>,
    {
        #[inline]
        fn clone(&self) -> Self {
            match self {
                Self::Created(tokens) => {
                    Self::Created(
                        __tidings::ClonePart::clone_part(
                            &__tidings::Part::<_, 0usize>(tokens),
                        ),
                    )
                }
                Self::Shipped(tokens) => {
                    Self::Shipped(
                        __tidings::ClonePart::clone_part(
                            &__tidings::Part::<_, 1usize>(tokens),
                        ),
                    )
                }
            }
        }
    }
    #[automatically_derived]
    impl __tidings::core::cmp::PartialEq for OrderEventTokens
    where
        for<'__a> __tidings::Part<
            '__a,
            __tidings::VariantTokens<OrderCreated>,
            0usize,
        >: __tidings::core::cmp::PartialEq,
        for<'__a> __tidings::Part<
            '__a,
            __tidings::VariantTokens<OrderShipped>,
            1usize,
        >: __tidings::core::cmp::PartialEq,
    {
        #[inline]
        fn eq(&self, other: &Self) -> __tidings::bool {
            match (self, other) {
                (Self::Created(one), Self::Created(other)) => {
                    __tidings::Part::<_, 0usize>(one)
                        == __tidings::Part::<_, 0usize>(other)
                }
                (Self::Shipped(one), Self::Shipped(other)) => {
                    __tidings::Part::<_, 1usize>(one)
                        == __tidings::Part::<_, 1usize>(other)
                }
                _ => false,
            }
        }
    }
    #[automatically_derived]
    impl __tidings::Message for OrderEvent {
        type Reply = ();
        type Error = __tidings::Failure;
        type Tokens = OrderEventTokens;
        type Filter = __tidings::Unfiltered<Self>;
        type Form = Self;
        const DECLARATIONS: &'static [&'static __tidings::Declaration] = {
            &[
                <OrderCreated as __tidings::Message>::DECLARATIONS[0],
                <OrderShipped as __tidings::Message>::DECLARATIONS[0],
            ]
        };
        const NAME: __tidings::Option<&'static __tidings::str> = __tidings::None;
        #[inline]
        fn declaration(&self) -> &'static __tidings::Declaration {
            match self {
                Self::Created(event) => {
                    <OrderCreated as __tidings::Message>::declaration(event)
                }
                Self::Shipped(event) => {
                    <OrderShipped as __tidings::Message>::declaration(event)
                }
            }
        }
        #[inline]
        fn subject(
            &self,
        ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
            match self {
                Self::Created(event) => {
                    <OrderCreated as __tidings::Message>::subject(event)
                }
                Self::Shipped(event) => {
                    <OrderShipped as __tidings::Message>::subject(event)
                }
            }
        }
        #[inline]
        fn message_id(&self) -> __tidings::Option<__tidings::String> {
            match self {
                Self::Created(event) => {
                    <OrderCreated as __tidings::Message>::message_id(event)
                }
                Self::Shipped(event) => {
                    <OrderShipped as __tidings::Message>::message_id(event)
                }
            }
        }
        #[inline]
        fn filter() -> <Self as __tidings::Message>::Filter {
            __tidings::Unfiltered::new()
        }
        #[inline]
        fn parse_subject(
            subject: &__tidings::str,
        ) -> __tidings::Result<
            <Self as __tidings::Message>::Tokens,
            __tidings::ParseSubjectError,
        > {
            let refused = __tidings::None;
            let refused = match <OrderCreated as __tidings::Message>::parse_subject(
                subject,
            ) {
                __tidings::Ok(tokens) => {
                    return __tidings::Ok(
                        OrderEventTokens::Created(__tidings::VariantTokens::new(tokens)),
                    );
                }
                __tidings::Err(error) => __tidings::ParseSubjectError::or(refused, error),
            };
            let refused = match <OrderShipped as __tidings::Message>::parse_subject(
                subject,
            ) {
                __tidings::Ok(tokens) => {
                    return __tidings::Ok(
                        OrderEventTokens::Shipped(__tidings::VariantTokens::new(tokens)),
                    );
                }
                __tidings::Err(error) => __tidings::ParseSubjectError::or(refused, error),
            };
            __tidings::Err(
                __tidings::ParseSubjectError::of_enum(refused, subject, "OrderEvent"),
            )
        }
    }
    #[automatically_derived]
    impl __tidings::Form<Self> for OrderEvent {
        fn encode<__W: __tidings::std::io::Write>(
            message: &Self,
            payload: __W,
        ) -> __tidings::Result<(), __tidings::serde_json::Error> {
            match message {
                Self::Created(event) => {
                    <OrderCreated as __tidings::Message>::encode(event, payload)
                }
                Self::Shipped(event) => {
                    <OrderShipped as __tidings::Message>::encode(event, payload)
                }
            }
        }
        #[inline]
        fn read_back(
            message: &Self,
            payload: &[__tidings::u8],
        ) -> __tidings::Result<(), __tidings::ReadBackError> {
            match message {
                Self::Created(event) => {
                    <OrderCreated as __tidings::Message>::read_back(event, payload)
                }
                Self::Shipped(event) => {
                    <OrderShipped as __tidings::Message>::read_back(event, payload)
                }
            }
        }
        #[inline]
        fn descriptors() -> __tidings::Vec<__tidings::Descriptor> {
            let mut descriptors = __tidings::Vec::new();
            __tidings::core::iter::Extend::extend(
                &mut descriptors,
                <OrderCreated as __tidings::Message>::descriptors(),
            );
            __tidings::core::iter::Extend::extend(
                &mut descriptors,
                <OrderShipped as __tidings::Message>::descriptors(),
            );
            descriptors
        }
    }
    #[automatically_derived]
    impl __tidings::Event for OrderEvent {
        type Ack = __tidings::PublishAck;
    }
    #[automatically_derived]
    impl __tidings::StreamEvent for OrderEvent {
        type Stream = Orders;
    }
    #[automatically_derived]
    impl __tidings::Decode for OrderEvent
    where
        for<'__a> __tidings::Part<
            '__a,
            OrderCreated,
            0usize,
        >: __tidings::DecodePart<OrderCreated>,
        for<'__a> __tidings::Part<
            '__a,
            OrderShipped,
            1usize,
        >: __tidings::DecodePart<OrderShipped>,
    {}
    #[automatically_derived]
    impl __tidings::Reading<Self> for OrderEvent
    where
        for<'__a> __tidings::Part<
            '__a,
            OrderCreated,
            0usize,
        >: __tidings::DecodePart<OrderCreated>,
        for<'__a> __tidings::Part<
            '__a,
            OrderShipped,
            1usize,
        >: __tidings::DecodePart<OrderShipped>,
    {
        #[inline]
        fn decode_by<const WAS_WRITTEN: __tidings::bool>(
            declaration: &'static __tidings::Declaration,
            payload: &[__tidings::u8],
        ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
            if let __tidings::Some(decoded) = <__tidings::Part<
                '_,
                OrderCreated,
                0usize,
            > as __tidings::DecodePart<
                OrderCreated,
            >>::decode_part::<WAS_WRITTEN>(declaration, payload) {
                return __tidings::Result::map(decoded, Self::Created);
            }
            if let __tidings::Some(decoded) = <__tidings::Part<
                '_,
                OrderShipped,
                1usize,
            > as __tidings::DecodePart<
                OrderShipped,
            >>::decode_part::<WAS_WRITTEN>(declaration, payload) {
                return __tidings::Result::map(decoded, Self::Shipped);
            }
            __tidings::Err(__tidings::no_variant("OrderEvent", declaration))
        }
        #[inline]
        fn outcome(
            result: __tidings::Result<(), __tidings::Failure>,
            _: __tidings::bool,
        ) -> __tidings::Outcome {
            __tidings::Outcome::of_event(result)
        }
    }
};
