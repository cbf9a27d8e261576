//! Events that are one struct.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use super::contract::{self, Parts};
use super::{at, call, event_enum, gathered, in_block};
use crate::attr::serde::wire_name;
use crate::model::{Contract, Event, EventStruct, Id, Large};

/// Writes an event.
pub(crate) fn expand(event: &Event<'_>) -> TokenStream {
    match event {
        Event::Struct(event) => in_block(&event.contract.item, &expand_struct(event)),
        Event::Enum(event) => in_block(&event.item, &event_enum::expand(event)),
    }
}

fn expand_struct(event: &EventStruct<'_>) -> TokenStream {
    let EventStruct { contract, stream, id, tagged, large, upcasts } = event;
    let ident = contract.item.ident;
    let tagged = tagged.then(|| quote!(.tagged()));
    let limited = large.map(|Large { over, .. }| {
        let none = || quote!(__tidings::None);
        let over = over.map_or_else(none, |over| quote!(__tidings::Some(#over)));
        quote!(.large(#over))
    });
    let older = upcasts.map(gathered);
    let upcasting = older
        .as_ref()
        .map(|older| quote!(.upcasting(<#older as __tidings::Message>::DECLARATIONS[0])));
    let names = id.fields().into_iter().map(|field| wire_name(contract.item.input, field));
    let names: Vec<_> = names.collect();
    let message = contract::expand(
        contract,
        &Parts {
            reply: quote!(
                type Reply = ();
            ),
            error: quote!(
                type Error = __tidings::Failure;
            ),
            declared: quote!(#tagged #limited #upcasting),
            identified: quote!(&[#(#names),*]),
            kept: stream.is_some(),
            message_id: message_id(&contract.name, id),
            form: form(contract, older.as_ref()),
        },
    );
    let (impl_generics, ty_generics, _) = contract.item.generics.split_for_impl();
    let bounds = contract::bounds(contract);
    let ack = if stream.is_some() { quote!(__tidings::PublishAck) } else { quote!(()) };
    let stream_event = stream.map(|stream| {
        let kept_by = quote_spanned!(at(stream.span())=> type Stream = #stream;);
        quote! {
            #[automatically_derived]
            impl #impl_generics __tidings::StreamEvent for #ident #ty_generics #bounds {
                #kept_by
            }
        }
    });
    let large_check =
        stream.zip(*large).map(|(stream, large)| large_check(contract, stream, large));
    let check = stream.map(|stream| stream_check(contract, stream));
    let upcast_check = upcasts.map(|older| upcast_check(contract, older));
    let decode = (!contract.item.borrows()).then(|| decode(contract, older.as_ref()));
    quote! {
        #message

        #[automatically_derived]
        impl #impl_generics __tidings::Event for #ident #ty_generics #bounds {
            type Ack = #ack;
        }

        #stream_event

        #large_check

        #upcast_check

        #decode

        #check
    }
}

/// Writes the form, and what an event with an older version does beside.
fn form(contract: &Contract<'_>, older: Option<&TokenStream>) -> TokenStream {
    // Where the type is not what its derives should have made it, its name is the place to say so.
    let place = at(contract.item.span());
    let form = if contract.item.generics.params.is_empty() {
        quote_spanned!(place=> type Form = __tidings::PlainEvent;)
    } else {
        quote_spanned!(place=> type Form = __tidings::GenericEvent;)
    };
    let describe = older.map(|older| {
        quote! {
            #[inline]
            fn descriptors() -> __tidings::Vec<__tidings::Descriptor> {
                __tidings::describe_upcast(
                    __tidings::describe_event::<Self>(),
                    <#older as __tidings::Message>::descriptors(),
                )
            }
        }
    });
    quote!(#form #describe)
}

/// Writes the implementation of `Decode`.
fn decode(contract: &Contract<'_>, older: Option<&TokenStream>) -> TokenStream {
    let bounds = contract::decode_bounds(contract);
    let read = older.map(|older| {
        quote! {
            #[inline]
            fn decode_by<const WAS_WRITTEN: __tidings::bool>(
                declaration: &'static __tidings::Declaration,
                payload: &[__tidings::u8],
            ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
                __tidings::read_upcast::<Self, #older, WAS_WRITTEN>(declaration, payload)
            }
        }
    });
    contract::expand_decode(contract, bounds.as_ref(), &quote!(#read))
}

/// Constant checks of an event against the stream that keeps it, as the value of the block: a constant of their own
/// would be one more body to compile.
fn stream_check(contract: &Contract<'_>, stream: &Type) -> TokenStream {
    let filter = &contract.filter;
    let name = quote!(#stream).to_string().replace(' ', "");
    let uncovered = format!(
        "the stream `{name}` does not keep `{filter}`: add a filter that covers it to the stream's \
         `subjects(…)`, or change the event's subject"
    );
    let silent = format!(
        "the stream `{name}` has `no_ack`, so publishing to it never ends: no event can be kept by it"
    );
    let cancelling = format!(
        "`{filter}` matches the subjects on which delayed messages wait in the work queue `{name}`: \
         whoever acknowledges one cancels it; begin the event's subject with a word"
    );
    let place = at(stream.span());
    if contract.item.generics.params.is_empty() {
        let ident = contract.item.ident;
        quote_spanned! {place=>
            __tidings::check_event::<#ident>(#filter, #uncovered, #silent, #cancelling)
        }
    } else {
        // The event can't be named here without its arguments.
        quote_spanned! {place=>
            __tidings::check_stream::<#stream>(#filter, #uncovered, #silent, #cancelling)
        }
    }
}

/// Constant check that the stream of a large event has an object store.
fn large_check(contract: &Contract<'_>, stream: &Type, large: Large) -> TokenStream {
    let name = quote!(#stream).to_string().replace(' ', "");
    let missing = format!(
        "the stream `{name}` has no object store for what is large: add `large_store` to its \
         `#[stream(…)]`"
    );
    let place = at(large.key);
    if contract.item.generics.params.is_empty() {
        let ident = contract.item.ident;
        quote_spanned!(place=> const _: () = __tidings::check_large_event::<#ident>(#missing);)
    } else {
        quote_spanned!(place=> const _: () = __tidings::check_large_store::<#stream>(#missing);)
    }
}

/// Constant checks of an event's older version.
fn upcast_check(contract: &Contract<'_>, older: &Type) -> TokenStream {
    let ident = contract.item.ident;
    let name = quote!(#older).to_string().replace(' ', "");
    let several = format!(
        "`{name}` is an enum of events: `upcasts` names one event, the version before this one"
    );
    let request = format!("`{name}` is a request: `upcasts` names an event");
    let stream = format!(
        "`{name}` and `{ident}` are not kept by the same stream, which whoever handles both reads: give \
         both the same `stream`"
    );
    let version = format!(
        "`{name}` has the name of `{ident}` and no lower version: count `version` up with each change \
         that older programs can't read"
    );
    let gathered = gathered(older);
    quote_spanned! {at(older.span())=>
        const _: () = __tidings::check_upcast(
            <#ident as __tidings::Message>::DECLARATIONS,
            <#gathered as __tidings::Message>::DECLARATIONS,
            __tidings::UpcastMistakes {
                several: #several,
                request: #request,
                stream: #stream,
                version: #version,
            },
        );
    }
}

/// Writes `Message::message_id`, where something identifies the event.
fn message_id(name: &str, id: &Id<'_>) -> TokenStream {
    let (bind, parts): (_, Vec<_>) = match id {
        Id::None => return TokenStream::new(),
        Id::Fields(fields) => {
            let parts = fields
                .iter()
                .map(|(member, ty)| {
                    let place = at(ty.span());
                    id_part(place, quote_spanned!(place=> &self.#member))
                })
                .collect();
            (None, parts)
        }
        // No name of ours is in scope of the expressions: a field may have any.
        Id::Parts { parts, fields } => {
            let bound = fields.iter().map(|(member, name)| quote!(#member: #name));
            let parts = parts
                .iter()
                .map(|part| {
                    let place = at(part.span());
                    id_part(place, quote_spanned!(place=> &(#part)))
                })
                .collect();
            (Some(quote!(let Self { #(#bound,)* .. } = self;)), parts)
        }
    };
    let id = if let [part] = &*parts {
        quote!(__tidings::message_id_of(#name, #part))
    } else {
        quote!(__tidings::message_id(#name, &[#(#parts),*]))
    };
    quote! {
        #[inline]
        fn message_id(
            &self,
        ) -> __tidings::Option<__tidings::String> {
            #bind
            #id
        }
    }
}

fn id_part(place: Span, part: TokenStream) -> TokenStream {
    call(place, &quote_spanned!(place=> __tidings::id_part), part)
}
