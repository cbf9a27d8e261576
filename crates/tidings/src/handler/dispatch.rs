//! Handlers of all types behind one: decode, handle, and say what the result means.

use std::marker::PhantomData;
use std::pin::Pin;

use crate::context::Context;
use crate::envelope::{self, DecodeError};
use crate::handler::Handler;
use crate::message::{Decode, Outcome};
use crate::transport::Incoming;

/// A handler, its types erased: the registry's only boxed future.
pub(crate) trait Dispatch: Send + Sync {
    fn dispatch(
        &self,
        incoming: &Incoming,
        cx: Context,
    ) -> Result<Pin<Box<dyn Future<Output = Outcome> + Send + '_>>, DecodeError>;
}

/// A handler of `M`.
pub(crate) struct Typed<M, H> {
    handler: H,
    message: PhantomData<fn(M)>,
}

impl<M, H> Typed<M, H> {
    pub(crate) fn new(handler: H) -> Self {
        Self { handler, message: PhantomData }
    }
}

impl<M: Decode, H: Handler<M>> Dispatch for Typed<M, H> {
    fn dispatch(
        &self,
        incoming: &Incoming,
        cx: Context,
    ) -> Result<Pin<Box<dyn Future<Output = Outcome> + Send + '_>>, DecodeError> {
        let message = envelope::decode::<M>(incoming)?;
        Ok(Box::pin(async move { M::outcome(self.handler.handle(message, cx).await) }))
    }
}
