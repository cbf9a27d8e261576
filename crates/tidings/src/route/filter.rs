//! Filter of the messages that a route handles.

use super::{Route, RouteSpec};
use crate::envelope;
use crate::handler::{Input, checked};
use crate::message::Filter;
use crate::subject::Subject;
use crate::transport::Incoming;

/// Options for the choice of messages.
impl<M: Input> Route<M> {
    /// Handles the events alone whose subject tokens have certain values; the default is all. Filters that
    /// are given one after the other add up.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "orders.{region}.created", stream = Orders)]
    /// # struct OrderCreated { region: String, order: u64 }
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"))]
    /// # struct Orders;
    /// # async fn invoice(_: OrderCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// let route = Route::of::<OrderCreated>(invoice)
    ///     .filter(OrderCreated::filter().region("eu"))
    ///     .durable("invoicing-eu");
    /// # let _ = Registry::new("shop").route(route);
    /// ```
    ///
    /// Two routes of one event need a name each: [`durable`](Self::durable), or without a stream other
    /// subjects. A durable consumer that is there and delivers more is left so by a start, as
    /// [`Registry::plan`](crate::Registry::plan) says: what comes beyond the filter is given back like a
    /// message that the route does not know. A value that can't be a token is refused at the start, and
    /// so is a filter on a route of requests.
    pub fn filter<F: Filter<Message = M::Message>>(mut self, filter: F) -> Self {
        let more = filter.subjects();
        self.spec.filters = match (self.spec.filters, more) {
            (Ok(known), Ok(more)) => Ok(joined(known, more)),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        self
    }
}

/// Joins two lists of filters into one, in which no filter covers another.
fn joined(known: Vec<Subject>, more: Vec<Subject>) -> Vec<Subject> {
    let mut all: Vec<Subject> = Vec::with_capacity(known.len() + more.len());
    for filter in known.into_iter().chain(more) {
        let covers = |a: &Subject, b: &Subject| tidings_subject::covers(&[a.as_str()], b.as_str());
        if !all.iter().any(|other| covers(other, &filter)) {
            all.retain(|other| !covers(&filter, other));
            all.push(filter);
        }
    }
    all
}

impl<M> Route<M> {
    /// Takes the options out. What is within the filters alone reaches the handler: an older consumer, or one
    /// that is shared, may deliver more.
    pub(crate) fn into_spec(self) -> RouteSpec {
        let mut spec = self.spec;
        if let Ok(filters) = &spec.filters
            && !filters.is_empty()
        {
            let (dispatch, filters) = (spec.dispatch.clone(), filters.clone());
            let within = move |incoming: &Incoming| envelope::within(&filters, incoming);
            spec.dispatch = checked(dispatch, within);
        }
        spec
    }
}
