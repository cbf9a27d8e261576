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
    ///A filter over the subjects of [`OrderCreated`].
    #[must_use = "a filter does nothing by itself: subscribe with it"]
    pub struct OrderCreatedFilter(
        __tidings::FilterTokens,
        __tidings::core::marker::PhantomData<fn() -> OrderCreated>,
    );
    #[automatically_derived]
    impl OrderCreatedFilter {
        ///Narrows `{region}` to one value.
        pub fn region(mut self, value: impl __tidings::TokenOf<Region>) -> Self {
            __tidings::FilterTokens::narrow(&mut self.0, 1usize, "region", &value);
            self
        }
    }
    #[automatically_derived]
    impl __tidings::Filter for OrderCreatedFilter {
        type Message = OrderCreated;
        #[inline]
        fn subjects(
            self,
        ) -> __tidings::core::result::Result<
            __tidings::std::vec::Vec<__tidings::Subject>,
            __tidings::SubjectError,
        > {
            __tidings::FilterTokens::subjects(self.0)
        }
    }
    #[automatically_derived]
    impl __tidings::core::clone::Clone for OrderCreatedFilter {
        #[inline]
        fn clone(&self) -> Self {
            Self(
                __tidings::core::clone::Clone::clone(&self.0),
                __tidings::core::marker::PhantomData,
            )
        }
    }
    #[automatically_derived]
    impl __tidings::core::fmt::Debug for OrderCreatedFilter {
        #[inline]
        fn fmt(
            &self,
            f: &mut __tidings::core::fmt::Formatter<'_>,
        ) -> __tidings::core::fmt::Result {
            __tidings::core::fmt::Formatter::debug_tuple(f, "OrderCreatedFilter")
                .field(&self.0)
                .finish()
        }
    }
    ///The tokens of a subject of [`OrderCreated`].
    pub struct OrderCreatedTokens {
        ///The value of `{region}`.
        pub region: Region,
    }
    #[automatically_derived]
    impl __tidings::core::fmt::Debug for OrderCreatedTokens
    where
        for<'__a> __tidings::Part<'__a, Region, 0usize>: __tidings::core::fmt::Debug,
    {
        #[inline]
        fn fmt(
            &self,
            f: &mut __tidings::core::fmt::Formatter<'_>,
        ) -> __tidings::core::fmt::Result {
            __tidings::core::fmt::Formatter::debug_struct(f, "OrderCreatedTokens")
                .field("region", &__tidings::Part::<_, 0usize>(&self.region))
                .finish()
        }
    }
    #[automatically_derived]
    impl __tidings::core::clone::Clone for OrderCreatedTokens
    where
        for<'__a> __tidings::Part<'__a, Region, 0usize>: __tidings::ClonePart<Region>,
    {
        #[inline]
        fn clone(&self) -> Self {
            Self {
                region: __tidings::ClonePart::clone_part(
                    &__tidings::Part::<_, 0usize>(&self.region),
                ),
            }
        }
    }
    #[automatically_derived]
    impl __tidings::core::cmp::PartialEq for OrderCreatedTokens
    where
        for<'__a> __tidings::Part<'__a, Region, 0usize>: __tidings::core::cmp::PartialEq,
    {
        #[inline]
        fn eq(&self, other: &Self) -> __tidings::core::primitive::bool {
            true
                && __tidings::Part::<_, 0usize>(&self.region)
                    == __tidings::Part::<_, 0usize>(&other.region)
        }
    }
    #[automatically_derived]
    impl __tidings::Message for OrderCreated {
        type Reply = ();
        type Error = __tidings::Failure;
        type Tokens = OrderCreatedTokens;
        type Filter = OrderCreatedFilter;
        const DECLARATIONS: &'static [&'static __tidings::Declaration] = &[
            &__tidings::kept::<
                Self,
            >(
                __tidings::Declaration::new(
                    __tidings::MessageKind::Event,
                    "orders.created",
                    1u32,
                    "orders.created.v1",
                    "orders.{region}.created",
                    "orders.*.created",
                ),
            ),
        ];
        const NAME: __tidings::core::option::Option<
            &'static __tidings::core::primitive::str,
        > = __tidings::core::option::Option::Some("orders.created");
        #[inline]
        fn declaration(&self) -> &'static __tidings::Declaration {
            <Self as __tidings::Message>::DECLARATIONS[0]
        }
        #[inline]
        fn subject(
            &self,
        ) -> __tidings::core::result::Result<
            __tidings::Subject,
            __tidings::SubjectError,
        > {
            let mut subject = __tidings::SubjectBuilder::new(
                "orders.{region}.created",
                15usize,
            );
            __tidings::SubjectBuilder::literal(&mut subject, "orders.");
            <Region as __tidings::Token>::append_to(
                &self.region,
                __tidings::SubjectBuilder::open(&mut subject),
            );
            __tidings::SubjectBuilder::close(&mut subject, "region")?;
            __tidings::SubjectBuilder::literal(&mut subject, ".created");
            __tidings::core::result::Result::Ok(
                __tidings::SubjectBuilder::finish(subject),
            )
        }
        #[inline]
        fn message_id(
            &self,
        ) -> __tidings::core::option::Option<__tidings::std::string::String> {
            __tidings::core::option::Option::Some(
                __tidings::message_id("orders.created", &[&self.order_id]),
            )
        }
        fn encode<__W: __tidings::std::io::Write>(
            &self,
            payload: __W,
        ) -> __tidings::core::result::Result<(), __tidings::serde_json::Error> {
            __tidings::serde_json::to_writer(payload, self)
        }
        #[inline]
        fn filter() -> <Self as __tidings::Message>::Filter {
            OrderCreatedFilter(
                __tidings::FilterTokens::new(
                    "orders.{region}.created",
                    "orders.*.created",
                ),
                __tidings::core::marker::PhantomData,
            )
        }
        #[inline]
        fn parse_subject(
            subject: &__tidings::core::primitive::str,
        ) -> __tidings::core::result::Result<
            <Self as __tidings::Message>::Tokens,
            __tidings::ParseSubjectError,
        > {
            let mut parser = __tidings::SubjectParser::new(
                "orders.{region}.created",
                subject,
            );
            __tidings::SubjectParser::literal(&mut parser, "orders")?;
            let token = __tidings::SubjectParser::token(&mut parser)?;
            let token0 = __tidings::SubjectParser::value(
                &parser,
                "region",
                token,
                <Region as __tidings::Token>::parse(token),
            )?;
            __tidings::SubjectParser::literal(&mut parser, "created")?;
            __tidings::SubjectParser::finish(parser)?;
            __tidings::core::result::Result::Ok(OrderCreatedTokens {
                region: token0,
            })
        }
        #[inline]
        fn descriptors() -> __tidings::std::vec::Vec<__tidings::Descriptor> {
            __tidings::describe_event::<Self>()
        }
    }
    #[automatically_derived]
    impl __tidings::Event for OrderCreated {
        type Ack = __tidings::PublishAck;
    }
    #[automatically_derived]
    impl __tidings::StreamEvent for OrderCreated {
        type Stream = Orders;
    }
    const _: () = if !__tidings::tidings_subject::covers(
        __tidings::stream_subjects::<OrderCreated>(),
        "orders.*.created",
    ) {
        __tidings::core::panic!(
            "{}",
            "the stream `Orders` does not keep `orders.*.created`: add a filter that covers it to the stream's `subjects(…)`, or change the event's subject"
        )
    } else if __tidings::stream_is_silent::<OrderCreated>() {
        __tidings::core::panic!(
            "{}",
            "the stream `Orders` has `no_ack`, so publishing to it never ends: no event can be kept by it"
        )
    };
    #[automatically_derived]
    impl __tidings::Decode for OrderCreated {
        #[inline]
        fn decode(
            _: &'static __tidings::Declaration,
            payload: &[__tidings::core::primitive::u8],
        ) -> __tidings::core::result::Result<Self, __tidings::serde_json::Error> {
            __tidings::read_payload(payload)
        }
        #[inline]
        fn outcome(
            result: __tidings::core::result::Result<
                <Self as __tidings::Message>::Reply,
                <Self as __tidings::Message>::Error,
            >,
        ) -> __tidings::Outcome {
            __tidings::Outcome::of_event(result)
        }
    }
};
