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
    struct UserCreatedFilter<'a, T>(__tidings::FilterTokens<UserCreated<'a, T>>);
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
            self,
            value: impl __tidings::TokenOf<<T as __tidings::Token>::Owned>,
        ) -> Self {
            Self(self.0.narrow(1usize, "kind", &value))
        }
        ///Narrows `{name}` to one value.
        pub fn name(
            self,
            value: impl __tidings::TokenOf<<&'a str as __tidings::Token>::Owned>,
        ) -> Self {
            Self(self.0.narrow(2usize, "name", &value))
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
        ) -> __tidings::Result<
            __tidings::Vec<__tidings::Subject>,
            __tidings::SubjectError,
        > {
            self.0.subjects()
        }
    }
    #[automatically_derived]
    impl<'a, T> __tidings::core::clone::Clone for UserCreatedFilter<'a, T> {
        #[inline]
        fn clone(&self) -> Self {
            Self(self.0.copy())
        }
    }
    #[automatically_derived]
    impl<'a, T> __tidings::fmt::Debug for UserCreatedFilter<'a, T> {
        #[inline]
        fn fmt(&self, f: &mut __tidings::fmt::Formatter<'_>) -> __tidings::fmt::Result {
            __tidings::FilterTokens::debug(&self.0, "UserCreatedFilter", f)
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
    impl<T0, T1> __tidings::fmt::Debug for UserCreatedTokens<T0, T1>
    where
        for<'__a> __tidings::Part<'__a, T0, 0usize>: __tidings::fmt::Debug,
        for<'__a> __tidings::Part<'__a, T1, 1usize>: __tidings::fmt::Debug,
    {
        #[inline]
        fn fmt(&self, f: &mut __tidings::fmt::Formatter<'_>) -> __tidings::fmt::Result {
            __tidings::DebugParts::new(f, "UserCreatedTokens")
                .part("kind", &__tidings::Part::<_, 0usize>(&self.kind))
                .part("name", &__tidings::Part::<_, 1usize>(&self.name))
                .end()
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
        fn eq(&self, other: &Self) -> __tidings::bool {
            __tidings::Part::<_, 0usize>(&self.kind)
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
        type Form = __tidings::GenericEvent;
        const DECLARATION: __tidings::Declaration = __tidings::Declaration::whole(
            ("users.created", 1u32, "users.created.v1"),
            "users.{kind}.{name}.created",
            "users.*.*.created",
            __tidings::Open::Several,
            &["kind", "name"],
            __tidings::None,
        );
        #[inline]
        fn subject(
            &self,
        ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
            let subject = &mut __tidings::SubjectBuilder::new(
                "users.{kind}.{name}.created",
                15usize,
            );
            <T as __tidings::Token>::append_to(&self.kind, subject.open("users."));
            subject.close("kind");
            <&'a str as __tidings::Token>::append_to(&self.name, subject.open("."));
            subject.close("name");
            subject.finish(".created")
        }
        #[inline]
        fn message_id(&self) -> __tidings::Option<__tidings::String> {
            let Self { kind: kind, name: name, .. } = self;
            __tidings::message_id(
                "users.created",
                &[__tidings::id_part(&(kind)), __tidings::id_part(&(name.len()))],
            )
        }
        #[inline]
        fn filter() -> UserCreatedFilter<'a, T> {
            UserCreatedFilter(__tidings::FilterTokens::all())
        }
        #[inline]
        fn read_tokens(
            reader: &mut __tidings::SubjectReader<'_>,
        ) -> __tidings::Option<
            UserCreatedTokens<
                <T as __tidings::Token>::Owned,
                <&'a str as __tidings::Token>::Owned,
            >,
        > {
            let __tidings::Some(token0) = <T as __tidings::Token>::parse_next(
                reader.next("kind"),
            ) else {
                return __tidings::None;
            };
            let __tidings::Some(token1) = <&'a str as __tidings::Token>::parse_next(
                reader.next("name"),
            ) else {
                return __tidings::None;
            };
            __tidings::Some(UserCreatedTokens {
                kind: token0,
                name: token1,
            })
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
