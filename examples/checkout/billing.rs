//! The service that bills orders: each once, whatever becomes of it meanwhile.

use tidings::prelude::*;
use tidings_sql::{Inbox, InboxError, OutboxContext as _};

use crate::store::Store;
use crate::{OrderBilled, OrderPlaced};

/// Bills orders.
#[derive(Debug)]
pub struct Billing<Db: Store> {
    /// Record of what it has billed already.
    pub inbox: Inbox<Db>,
}

impl<Db: Store> Handler<OrderPlaced> for Billing<Db> {
    async fn handle(&self, placed: OrderPlaced, cx: Context) -> Result<(), Failure> {
        let OrderPlaced { order, cents } = placed;
        let mut tx = self.inbox.begin().await?;
        if self.inbox.once(&mut tx, &cx).await?.is_first() {
            Db::bill(&mut tx, order, cents).await?;
            let billed = OrderBilled { order, cents };
            cx.outbox(&mut tx).publish(&billed).key(order.to_string()).await?;
            tx.commit().await.map_err(InboxError::from)?;
        }
        // As if the ack were lost: each order is delivered twice, and the second time there is nothing left to do.
        if cx.attempt() == 1 { Err(Failure::retry("the ack is lost")) } else { Ok(()) }
    }
}
