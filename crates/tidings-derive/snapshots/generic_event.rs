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
    ///A filter over the subjects of [`UserCreated`].
    #[must_use = "a filter does nothing by itself: subscribe with it"]
    struct UserCreatedFilter<'a, T>(
        __tidings::FilterTokens,
        __tidings::core::marker::PhantomData<fn() -> UserCreated<'a, T>>,
    );
    #[automatically_derived]
    impl<'a, T> UserCreatedFilter<'a, T>
    where
        UserCreated<
            'a,
            T,
        >: __tidings::serde::Serialize + __tidings::schemars::JsonSchema
            + __tidings::core::marker::Send + __tidings::core::marker::Sync,
        T: __tidings::Token,
    {
        ///Narrows `{kind}` to one value.
        pub fn kind(
            mut self,
            value: impl __tidings::TokenOf<<T as __tidings::Token>::Owned>,
        ) -> Self {
            __tidings::FilterTokens::narrow(&mut self.0, 1usize, "kind", &value);
            self
        }
        ///Narrows `{name}` to one value.
        pub fn name(
            mut self,
            value: impl __tidings::TokenOf<<&'a str as __tidings::Token>::Owned>,
        ) -> Self {
            __tidings::FilterTokens::narrow(&mut self.0, 2usize, "name", &value);
            self
        }
    }
    #[automatically_derived]
    impl<'a, T> __tidings::Filter for UserCreatedFilter<'a, T>
    where
        UserCreated<
            'a,
            T,
        >: __tidings::serde::Serialize + __tidings::schemars::JsonSchema
            + __tidings::core::marker::Send + __tidings::core::marker::Sync,
        T: __tidings::Token,
    {
        type Message = UserCreated<'a, T>;
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
    impl<'a, T> __tidings::core::clone::Clone for UserCreatedFilter<'a, T> {
        #[inline]
        fn clone(&self) -> Self {
            Self(
                __tidings::core::clone::Clone::clone(&self.0),
                __tidings::core::marker::PhantomData,
            )
        }
    }
    #[automatically_derived]
    impl<'a, T> __tidings::core::fmt::Debug for UserCreatedFilter<'a, T> {
        #[inline]
        fn fmt(
            &self,
            f: &mut __tidings::core::fmt::Formatter<'_>,
        ) -> __tidings::core::fmt::Result {
            __tidings::core::fmt::Formatter::debug_tuple(f, "UserCreatedFilter")
                .field(&self.0)
                .finish()
        }
    }
    ///The tokens of a subject of [`UserCreated`].
    struct UserCreatedTokens<T0, T1> {
        ///The value of `{kind}`.
        pub kind: T0,
        ///The value of `{name}`.
        pub name: T1,
    }
    #[automatically_derived]
    impl<T0, T1> __tidings::core::fmt::Debug for UserCreatedTokens<T0, T1>
    where
        for<'__a> __tidings::Part<'__a, T0, 0usize>: __tidings::core::fmt::Debug,
        for<'__a> __tidings::Part<'__a, T1, 1usize>: __tidings::core::fmt::Debug,
    {
        #[inline]
        fn fmt(
            &self,
            f: &mut __tidings::core::fmt::Formatter<'_>,
        ) -> __tidings::core::fmt::Result {
            __tidings::core::fmt::Formatter::debug_struct(f, "UserCreatedTokens")
                .field("kind", &__tidings::Part::<_, 0usize>(&self.kind))
                .field("name", &__tidings::Part::<_, 1usize>(&self.name))
                .finish()
        }
    }
    #[automatically_derived]
    impl<T0, T1> __tidings::core::clone::Clone for UserCreatedTokens<T0, T1>
    where
        for<'__a> __tidings::Part<'__a, T0, 0usize>: __tidings::ClonePart<T0>,
        for<'__a> __tidings::Part<'__a, T1, 1usize>: __tidings::ClonePart<T1>,
    {
        #[inline]
        fn clone(&self) -> Self {
            Self {
                kind: __tidings::ClonePart::clone_part(
                    &__tidings::Part::<_, 0usize>(&self.kind),
                ),
                name: __tidings::ClonePart::clone_part(
                    &__tidings::Part::<_, 1usize>(&self.name),
                ),
            }
        }
    }
    #[automatically_derived]
    impl<T0, T1> __tidings::core::cmp::PartialEq for UserCreatedTokens<T0, T1>
    where
        for<'__a> __tidings::Part<'__a, T0, 0usize>: __tidings::core::cmp::PartialEq,
        for<'__a> __tidings::Part<'__a, T1, 1usize>: __tidings::core::cmp::PartialEq,
    {
        #[inline]
        fn eq(&self, other: &Self) -> __tidings::core::primitive::bool {
            true
                && __tidings::Part::<_, 0usize>(&self.kind)
                    == __tidings::Part::<_, 0usize>(&other.kind)
                && __tidings::Part::<_, 1usize>(&self.name)
                    == __tidings::Part::<_, 1usize>(&other.name)
        }
    }
    #[automatically_derived]
    impl<'a, T> __tidings::Message for UserCreated<'a, T>
    where
        UserCreated<
            'a,
            T,
        >: __tidings::serde::Serialize + __tidings::schemars::JsonSchema
            + __tidings::core::marker::Send + __tidings::core::marker::Sync,
        T: __tidings::Token,
    {
        type Reply = ();
        type Error = __tidings::Failure;
        type Tokens = UserCreatedTokens<
            <T as __tidings::Token>::Owned,
            <&'a str as __tidings::Token>::Owned,
        >;
        type Filter = UserCreatedFilter<'a, T>;
        const DECLARATIONS: &'static [&'static __tidings::Declaration] = &[
            &__tidings::Declaration::new(
                __tidings::MessageKind::Event,
                "users.created",
                1u32,
                "users.created.v1",
                "users.{kind}.{name}.created",
                "users.*.*.created",
            ),
        ];
        const NAME: __tidings::core::option::Option<
            &'static __tidings::core::primitive::str,
        > = __tidings::core::option::Option::Some("users.created");
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
                "users.{kind}.{name}.created",
                15usize,
            );
            __tidings::SubjectBuilder::literal(&mut subject, "users.");
            <T as __tidings::Token>::append_to(
                &self.kind,
                __tidings::SubjectBuilder::open(&mut subject),
            );
            __tidings::SubjectBuilder::close(&mut subject, "kind")?;
            __tidings::SubjectBuilder::literal(&mut subject, ".");
            <&'a str as __tidings::Token>::append_to(
                &self.name,
                __tidings::SubjectBuilder::open(&mut subject),
            );
            __tidings::SubjectBuilder::close(&mut subject, "name")?;
            __tidings::SubjectBuilder::literal(&mut subject, ".created");
            __tidings::core::result::Result::Ok(
                __tidings::SubjectBuilder::finish(subject),
            )
        }
        #[inline]
        fn message_id(
            &self,
        ) -> __tidings::core::option::Option<__tidings::std::string::String> {
            let Self { kind: kind, name: name, .. } = self;
            __tidings::core::option::Option::Some(
                __tidings::message_id("users.created", &[&(kind), &(name.len())]),
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
            UserCreatedFilter(
                __tidings::FilterTokens::new(
                    "users.{kind}.{name}.created",
                    "users.*.*.created",
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
                "users.{kind}.{name}.created",
                subject,
            );
            __tidings::SubjectParser::literal(&mut parser, "users")?;
            let token = __tidings::SubjectParser::token(&mut parser)?;
            let token0 = __tidings::SubjectParser::value(
                &parser,
                "kind",
                token,
                <T as __tidings::Token>::parse(token),
            )?;
            let token = __tidings::SubjectParser::token(&mut parser)?;
            let token1 = __tidings::SubjectParser::value(
                &parser,
                "name",
                token,
                <&'a str as __tidings::Token>::parse(token),
            )?;
            __tidings::SubjectParser::literal(&mut parser, "created")?;
            __tidings::SubjectParser::finish(parser)?;
            __tidings::core::result::Result::Ok(UserCreatedTokens {
                kind: token0,
                name: token1,
            })
        }
        #[inline]
        fn descriptors() -> __tidings::std::vec::Vec<__tidings::Descriptor> {
            __tidings::describe_event::<Self>()
        }
    }
    #[automatically_derived]
    impl<'a, T> __tidings::Event for UserCreated<'a, T>
    where
        UserCreated<
            'a,
            T,
        >: __tidings::serde::Serialize + __tidings::schemars::JsonSchema
            + __tidings::core::marker::Send + __tidings::core::marker::Sync,
        T: __tidings::Token,
    {
        type Ack = ();
    }
};
