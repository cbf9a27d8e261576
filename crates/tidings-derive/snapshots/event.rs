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
    pub struct OrderCreatedFilter(__tidings::FilterTokens<OrderCreated>);
    #[automatically_derived]
    impl OrderCreatedFilter {
        ///Narrows `{region}` to one value.
        pub fn region(self, value: impl __tidings::TokenOf<Region>) -> Self {
            Self(self.0.narrow(1usize, "region", &value))
        }
        ///Narrows `{shard}` to one value.
        pub fn shard(self, value: impl __tidings::TokenOf<u64>) -> Self {
            Self(self.0.narrow(2usize, "shard", &value))
        }
    }
    #[automatically_derived]
    impl __tidings::Filter for OrderCreatedFilter {
        type Message = OrderCreated;
        #[inline]
        fn subjects(
            self,
        ) -> __tidings::Result<
            __tidings::Vec<__tidings::Subject>,
            __tidings::SubjectError,
        > {
            self.0.subjects()
        }
    }
    #[automatically_derived]
    impl __tidings::core::clone::Clone for OrderCreatedFilter {
        #[inline]
        fn clone(&self) -> Self {
            Self(self.0.copy())
        }
    }
    #[automatically_derived]
    impl __tidings::fmt::Debug for OrderCreatedFilter {
        #[inline]
        fn fmt(&self, f: &mut __tidings::fmt::Formatter<'_>) -> __tidings::fmt::Result {
            __tidings::FilterTokens::debug(&self.0, "OrderCreatedFilter", f)
        }
    }
    ///The tokens of a subject of [`OrderCreated`].
    pub struct OrderCreatedTokens {
        ///The value of `{region}`.
        pub region: Region,
        ///The value of `{shard}`.
        pub shard: u64,
    }
    #[automatically_derived]
    impl __tidings::fmt::Debug for OrderCreatedTokens
    where
        for<'__a> __tidings::Part<'__a, Region, 0usize>: __tidings::fmt::Debug,
    {
        #[inline]
        fn fmt(&self, f: &mut __tidings::fmt::Formatter<'_>) -> __tidings::fmt::Result {
            __tidings::DebugParts::new(f, "OrderCreatedTokens")
                .part("region", &__tidings::Part::<_, 0usize>(&self.region))
                .part("shard", &self.shard)
                .end()
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
                shard: __tidings::core::clone::Clone::clone(&self.shard),
            }
        }
    }
    #[automatically_derived]
    impl __tidings::core::cmp::PartialEq for OrderCreatedTokens
    where
        for<'__a> __tidings::Part<'__a, Region, 0usize>: __tidings::core::cmp::PartialEq,
    {
        #[inline]
        fn eq(&self, other: &Self) -> __tidings::bool {
            __tidings::Part::<_, 0usize>(&self.region)
                == __tidings::Part::<_, 0usize>(&other.region)
                && &self.shard == &other.shard
        }
    }
    #[automatically_derived]
    impl __tidings::Message for OrderCreated {
        type Reply = ();
        type Error = __tidings::Failure;
        type Tokens = OrderCreatedTokens;
        type Filter = OrderCreatedFilter;
        type Form = __tidings::PlainEvent;
        const DECLARATION: __tidings::Declaration = __tidings::Declaration::whole(
            ("orders.created", 1u32, "orders.created.v1"),
            "orders.{region}.{shard}.created",
            "orders.*.*.created",
            __tidings::Open::Several,
            &["order_id"],
            <Self as __tidings::StreamEvent>::KEPT_BY,
        );
        #[inline]
        fn subject(
            &self,
        ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
            let subject = &mut __tidings::SubjectBuilder::new(
                "orders.{region}.{shard}.created",
                16usize,
            );
            <Region as __tidings::Token>::append_to(
                &self.region,
                subject.open("orders."),
            );
            subject.close("region");
            <u64 as __tidings::Token>::append_to(&self.shard, subject.open("."));
            subject.close("shard");
            subject.finish(".created")
        }
        #[inline]
        fn message_id(&self) -> __tidings::Option<__tidings::String> {
            __tidings::message_id_of(
                "orders.created",
                __tidings::id_part(&self.order_id),
            )
        }
        #[inline]
        fn filter() -> OrderCreatedFilter {
            OrderCreatedFilter(__tidings::FilterTokens::all())
        }
        #[inline]
        fn read_tokens(
            reader: &mut __tidings::SubjectReader<'_>,
        ) -> __tidings::Option<OrderCreatedTokens> {
            let __tidings::Some(token0) = <Region as __tidings::Token>::parse_next(
                reader.next("region"),
            ) else {
                return __tidings::None;
            };
            let __tidings::Some(token1) = <u64 as __tidings::Token>::parse_next(
                reader.next("shard"),
            ) else {
                return __tidings::None;
            };
            __tidings::Some(OrderCreatedTokens {
                region: token0,
                shard: token1,
            })
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
    #[automatically_derived]
    impl __tidings::Decode for OrderCreated {}
    __tidings::check_event::<
        OrderCreated,
    >(
        "orders.*.*.created",
        "the stream `Orders` does not keep `orders.*.*.created`: add a filter that covers it to the stream's `subjects(…)`, or change the event's subject",
        "the stream `Orders` has `no_ack`, so publishing to it never ends: no event can be kept by it",
        "`orders.*.*.created` matches the subjects on which delayed messages wait in the work queue `Orders`: whoever acknowledges one cancels it; begin the event's subject with a word",
    )
};
