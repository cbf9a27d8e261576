//! Streams.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use syn::LitStr;

use super::in_block;
use crate::attr::Keyed;
use crate::attr::source::{Limits, Placement, Republish, Source, Transform};
use crate::attr::stream::{Field, Setting};
use crate::model::{Stream, large_store_of};

/// Writes a stream.
pub(crate) fn expand(stream: &Stream<'_>) -> TokenStream {
    let Stream { item, name, subjects, description, attrs } = stream;
    let ident = item.ident;
    let description = description.map(|description| {
        let description = some(&text(description));
        quote!(config.description = #description;)
    });
    let settings = attrs.settings.iter().map(|(field, setting)| assign(field, &setting.value));
    let no_ack = attrs.on("no_ack").map(|_| {
        quote!(
            const NO_ACK: __tidings::bool = true;
        )
    });
    // Delayed messages wait on a subject of their own, in the stream that they are for.
    let schedules = attrs.on("allow_message_schedules").map(|_| {
        let name = name.value();
        format!("{}.{name}.>", tidings_subject::SCHEDULES)
    });
    let ack_cancels = schedules.as_ref().filter(|_| attrs.word("retention") == Some("WorkQueue"));
    let ack_cancels = ack_cancels.map(|waiting| {
        quote!(
            const ACK_CANCELS: &'static __tidings::str = #waiting;
        )
    });
    let large_store = attrs.large_store.as_ref().map(|Keyed { value: store, .. }| {
        let name = store.name.as_ref().map_or_else(|| large_store_of(name), LitStr::value);
        let age = store
            .max_age
            .as_ref()
            .map_or_else(|| quote!(__tidings::None), |age| some(&duration(age.value)));
        quote!(
            const LARGE_STORE: __tidings::Option<__tidings::LargeStore> =
                __tidings::Some(__tidings::LargeStore::new(#name, #age));
        )
    });
    // A stream keeps a message once: where a subject of its own covers them, that keeps them.
    let own: Vec<String> = subjects.iter().map(LitStr::value).collect();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let schedules = schedules.filter(|waiting| !tidings_subject::covers(&own, waiting));
    let schedules = schedules.map(|waiting| quote!(#waiting));
    let subjects = subjects.iter().map(|subject| quote!(#subject)).chain(schedules);
    let code = quote! {
        #[automatically_derived]
        impl __tidings::EventStream for #ident {
            const NAME: &'static __tidings::str = #name;
            const SUBJECTS: &'static [&'static __tidings::str] = &[#(#subjects),*];
            #no_ack
            #ack_cancels
            #large_store

            fn config() -> __tidings::StreamConfig {
                let mut config = __tidings::stream_config::<Self>();
                #description
                #(#settings)*
                config
            }
        }
    };
    in_block(item, &code)
}

/// `config.key = value;`
fn assign(of: &Field, setting: &Setting) -> TokenStream {
    let field = Ident::new(of.key.name, Span::call_site());
    if let (Setting::Source(source), true) = (setting, of.key.repeats) {
        let source = expand_source(source);
        return quote!(config.sources.push(#source););
    }
    let value = match setting {
        Setting::Flag(flag) => return quote!(config.#field = #flag;),
        Setting::Metadata(pairs) => {
            let inserts = pairs.iter().map(|(key, value)| {
                let (key, value) = (text(key), literal(value));
                quote!(config.#field.insert(#key, #value);)
            });
            return quote!(#(#inserts)*);
        }
        Setting::Number(number) => {
            let number = Literal::u64_unsuffixed(*number);
            quote!(#number)
        }
        Setting::Duration(nanoseconds) => duration(*nanoseconds),
        Setting::Word(of, variant) => {
            let (of, variant) =
                (Ident::new(of, Span::call_site()), Ident::new(variant, Span::call_site()));
            quote!(__tidings::#of::#variant)
        }
        Setting::Placement(placement) => expand_placement(placement),
        Setting::Source(source) => expand_source(source),
        Setting::Transform(transform) => expand_transform(transform),
        Setting::Republish(republish) => expand_republish(republish),
        Setting::Limits(limits) => expand_limits(limits),
    };
    let value = if of.is_optional { some(&value) } else { value };
    quote!(config.#field = #value;)
}

pub(super) fn expand_placement(placement: &Placement) -> TokenStream {
    let cluster = option(placement.cluster.as_ref());
    let tags = placement.tags.iter().map(literal);
    quote! {
        __tidings::Placement { cluster: #cluster, tags: __tidings::std::vec![#(#tags),*] }
    }
}

fn expand_transform(transform: &Transform) -> TokenStream {
    let (source, destination) = (literal(&transform.source), literal(&transform.destination));
    quote!(__tidings::SubjectTransform { source: #source, destination: #destination })
}

fn expand_republish(republish: &Republish) -> TokenStream {
    let (source, destination) = (literal(&republish.source), literal(&republish.destination));
    let headers_only = republish.headers_only;
    quote! {
        __tidings::Republish {
            source: #source,
            destination: #destination,
            headers_only: #headers_only,
        }
    }
}

fn expand_limits(limits: &Limits) -> TokenStream {
    let none = || quote!(__tidings::None);
    let inactive = limits.inactive_threshold.map_or_else(none, |time| some(&duration(time)));
    let pending = limits.max_ack_pending.map_or_else(none, |pending| some(&quote!(#pending)));
    quote! {
        __tidings::ConsumerLimits { inactive_threshold: #inactive, max_ack_pending: #pending }
    }
}

fn expand_source(source: &Source) -> TokenStream {
    let name = literal(&source.name);
    let mut fields = Vec::new();
    if let Some(sequence) = &source.start_sequence {
        let sequence = sequence.value;
        let start = some(&quote!(__tidings::SourceStart::Sequence(#sequence)));
        fields.push(quote!(source.start = #start;));
    }
    if let Some(time) = &source.start_time {
        let since = time.value;
        let start = some(&quote! {
            __tidings::SourceStart::Time(__tidings::core::ops::Add::add(
                __tidings::std::time::SystemTime::UNIX_EPOCH,
                __tidings::core::time::Duration::from_secs(#since),
            ))
        });
        fields.push(quote!(source.start = #start;));
    }
    if let Some(subject) = &source.filter_subject {
        let subject = some(&literal(&subject.value));
        fields.push(quote!(source.filter_subject = #subject;));
    }
    for transform in &source.transforms {
        let transform = expand_transform(transform);
        fields.push(quote!(source.subject_transforms.push(#transform);));
    }
    if let Some(domain) = &source.domain {
        let domain = some(&literal(domain));
        fields.push(quote!(source.domain = #domain;));
    }
    if let Some((api, delivery)) = &source.external {
        let (api, delivery) = (literal(api), option(delivery.as_ref()));
        let external = some(&quote! {
            __tidings::External { api_prefix: #api, delivery_prefix: #delivery }
        });
        fields.push(quote!(source.external = #external;));
    }
    if let Some((consumer, deliver)) = &source.consumer {
        let (consumer, deliver) = (literal(consumer), literal(deliver));
        let consumer = some(&quote! {
            __tidings::SourceConsumer { name: #consumer, deliver_subject: #deliver }
        });
        fields.push(quote!(source.consumer = #consumer;));
    }
    quote! {{
        let mut source = __tidings::Source::new(#name);
        #(#fields)*
        source
    }}
}

pub(super) fn some(value: &TokenStream) -> TokenStream {
    quote!(__tidings::Some(#value))
}

fn option(value: Option<&LitStr>) -> TokenStream {
    value.map_or_else(|| quote!(__tidings::None), |value| some(&literal(value)))
}

fn literal(value: &LitStr) -> TokenStream {
    quote!(<__tidings::String as __tidings::core::convert::From<_>>::from(#value))
}

pub(super) fn text(value: &str) -> TokenStream {
    quote!(<__tidings::String as __tidings::core::convert::From<_>>::from(#value))
}

pub(super) fn duration(nanoseconds: u64) -> TokenStream {
    quote!(__tidings::core::time::Duration::from_nanos(#nanoseconds))
}
