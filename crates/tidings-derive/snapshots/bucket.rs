///A key of the bucket of [`Session`].
pub struct SessionKey {
    ///The value of `{tenant}`.
    pub tenant: Tenant,
    ///The value of `{user}`.
    pub user: u64,
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
    #[automatically_derived]
    impl __tidings::fmt::Debug for SessionKey
    where
        for<'__a> __tidings::Part<'__a, Tenant, 0usize>: __tidings::fmt::Debug,
    {
        #[inline]
        fn fmt(&self, f: &mut __tidings::fmt::Formatter<'_>) -> __tidings::fmt::Result {
            __tidings::DebugParts::new(f, "SessionKey")
                .part("tenant", &__tidings::Part::<_, 0usize>(&self.tenant))
                .part("user", &self.user)
                .end()
        }
    }
    #[automatically_derived]
    impl __tidings::core::clone::Clone for SessionKey
    where
        for<'__a> __tidings::Part<'__a, Tenant, 0usize>: __tidings::ClonePart<Tenant>,
    {
        #[inline]
        fn clone(&self) -> Self {
            Self {
                tenant: __tidings::ClonePart::clone_part(
                    &__tidings::Part::<_, 0usize>(&self.tenant),
                ),
                user: __tidings::core::clone::Clone::clone(&self.user),
            }
        }
    }
    #[automatically_derived]
    impl __tidings::core::cmp::PartialEq for SessionKey
    where
        for<'__a> __tidings::Part<'__a, Tenant, 0usize>: __tidings::core::cmp::PartialEq,
    {
        #[inline]
        fn eq(&self, other: &Self) -> __tidings::bool {
            __tidings::Part::<_, 0usize>(&self.tenant)
                == __tidings::Part::<_, 0usize>(&other.tenant)
                && &self.user == &other.user
        }
    }
    #[automatically_derived]
    impl __tidings::core::cmp::Eq for SessionKey
    where
        for<'__a> __tidings::Part<'__a, Tenant, 0usize>: __tidings::core::cmp::PartialEq,
    {}
    #[automatically_derived]
    impl __tidings::core::hash::Hash for SessionKey {
        #[inline]
        fn hash<__H: __tidings::core::hash::Hasher>(&self, state: &mut __H) {
            __tidings::hash_key(self, state);
        }
    }
    #[automatically_derived]
    impl __tidings::BucketKey for SessionKey {
        type Owned = Self;
        #[inline]
        fn to_key(&self) -> __tidings::Result<__tidings::String, __tidings::KeyError> {
            let key: __tidings::Result<_, __tidings::SubjectError> = {
                let key = &mut __tidings::KeyBuilder::new("{tenant}.user.{user}");
                <Tenant as __tidings::Token>::append_to(&self.tenant, key.open(""));
                key.close("tenant");
                <u64 as __tidings::Token>::append_to(&self.user, key.open(".user."));
                key.close("user");
                key.finish("")
            };
            __tidings::Result::map_err(key, __tidings::KeyError::Field)
        }
        #[inline]
        fn parse(key: &__tidings::str) -> __tidings::Result<Self, __tidings::KeyError> {
            let parsed = || -> __tidings::Option<Self> {
                let [tenant, user] = __tidings::key_tokens::<
                    2usize,
                >("{tenant}.user.{user}", key)?;
                let tenant = <Tenant as __tidings::Token>::parse(tenant)?;
                let user = <u64 as __tidings::Token>::parse(user)?;
                __tidings::Some(Self { tenant, user })
            };
            __tidings::Option::ok_or_else(
                parsed(),
                || __tidings::no_key(key, "{tenant}.user.{user}"),
            )
        }
    }
    ///A filter over the keys of the bucket of [`Session`].
    #[derive(__tidings::core::clone::Clone, __tidings::fmt::Debug)]
    #[must_use = "a filter does nothing by itself: list or watch with it"]
    pub struct SessionKeyFilter(__tidings::KeyFilterTokens<Session>);
    #[automatically_derived]
    impl SessionKeyFilter {
        ///Narrows `{tenant}` to one value.
        pub fn tenant(self, value: impl __tidings::TokenOf<Tenant>) -> Self {
            Self(self.0.narrow(0usize, "tenant", &value))
        }
        ///Narrows `{user}` to one value.
        pub fn user(self, value: impl __tidings::TokenOf<u64>) -> Self {
            Self(self.0.narrow(2usize, "user", &value))
        }
    }
    #[automatically_derived]
    impl __tidings::KeyFilter for SessionKeyFilter {
        type Of = Session;
        #[inline]
        fn to_filter(self) -> __tidings::Result<__tidings::String, __tidings::KeyError> {
            self.0.to_filter()
        }
    }
    #[automatically_derived]
    impl __tidings::EventStream for Session {
        const NAME: &'static __tidings::str = "KV_sessions";
        const SUBJECTS: &'static [&'static __tidings::str] = &["$KV.sessions.>"];
        fn config() -> __tidings::StreamConfig {
            let mut config = __tidings::BucketConfig::new("sessions");
            config.description = __tidings::Some(
                <__tidings::String as __tidings::core::convert::From<
                    _,
                >>::from("Session of a user who is logged in."),
            );
            config.history = 5u8;
            config.ttl = __tidings::Some(
                __tidings::core::time::Duration::from_nanos(3600000000000u64),
            );
            __tidings::BucketConfig::to_stream(&config)
        }
    }
    #[automatically_derived]
    impl __tidings::Bucket for Session {
        const BUCKET: &'static __tidings::str = "sessions";
        const KEY: &'static __tidings::str = "{tenant}.user.{user}";
        type Key = SessionKey;
        type Filter = SessionKeyFilter;
        #[inline]
        fn key(&self) -> __tidings::Result<__tidings::String, __tidings::SubjectError> {
            let key = &mut __tidings::KeyBuilder::new("{tenant}.user.{user}");
            <Tenant as __tidings::Token>::append_to(&self.tenant, key.open(""));
            key.close("tenant");
            <u64 as __tidings::Token>::append_to(&self.user, key.open(".user."));
            key.close("user");
            key.finish("")
        }
        #[inline]
        fn key_filter() -> SessionKeyFilter {
            SessionKeyFilter(__tidings::KeyFilterTokens::all("{tenant}.user.{user}"))
        }
    }
};
