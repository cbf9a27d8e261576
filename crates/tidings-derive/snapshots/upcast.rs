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
    impl __tidings::Message for UserCreated {
        type Reply = ();
        type Error = __tidings::Failure;
        type Tokens = ();
        type Filter = __tidings::Unfiltered<Self>;
        type Form = __tidings::PlainEvent;
        #[inline]
        fn descriptors() -> __tidings::Vec<__tidings::Descriptor> {
            __tidings::describe_upcast(
                __tidings::describe_event::<Self>(),
                <UserCreatedV1 as __tidings::Message>::descriptors(),
            )
        }
        const DECLARATION: __tidings::Declaration = __tidings::Declaration::whole(
                ("users.created", 2u32, "users.created.v2"),
                "users.created",
                "users.created",
                __tidings::Open::None,
                &[],
                <Self as __tidings::StreamEvent>::KEPT_BY,
            )
            .upcasting(<UserCreatedV1 as __tidings::Message>::DECLARATIONS[0]);
        #[inline]
        fn subject(
            &self,
        ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
            __tidings::Ok(__tidings::Subject::from_static("users.created"))
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
    impl __tidings::Event for UserCreated {
        type Ack = __tidings::PublishAck;
    }
    #[automatically_derived]
    impl __tidings::StreamEvent for UserCreated {
        type Stream = Users;
    }
    const _: () = __tidings::check_upcast(
        <UserCreated as __tidings::Message>::DECLARATIONS,
        <UserCreatedV1 as __tidings::Message>::DECLARATIONS,
        __tidings::UpcastMistakes {
            several: "`UserCreatedV1` is an enum of events: `upcasts` names one event, the version before this one",
            request: "`UserCreatedV1` is a request: `upcasts` names an event",
            stream: "`UserCreatedV1` and `UserCreated` are not kept by the same stream, which whoever handles both reads: give both the same `stream`",
            version: "`UserCreatedV1` has the name of `UserCreated` and no lower version: count `version` up with each change that older programs can't read",
        },
    );
    #[automatically_derived]
    impl __tidings::Decode for UserCreated {
        #[inline]
        fn decode_by<const WAS_WRITTEN: __tidings::bool>(
            declaration: &'static __tidings::Declaration,
            payload: &[__tidings::u8],
        ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
            __tidings::read_upcast::<
                Self,
                UserCreatedV1,
                WAS_WRITTEN,
            >(declaration, payload)
        }
    }
    __tidings::check_event::<
        UserCreated,
    >(
        "users.created",
        "the stream `Users` does not keep `users.created`: add a filter that covers it to the stream's `subjects(…)`, or change the event's subject",
        "the stream `Users` has `no_ack`, so publishing to it never ends: no event can be kept by it",
        "`users.created` matches the subjects on which delayed messages wait in the work queue `Users`: whoever acknowledges one cancels it; begin the event's subject with a word",
    )
};
