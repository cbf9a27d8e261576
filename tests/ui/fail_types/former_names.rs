#![deny(deprecated)]

use tidings::From;
use tidings::testing::{TestBus, UnsettledError};

async fn settled(test: &TestBus) -> Result<From, UnsettledError> {
    test.settle().await?;
    test.bus().events().recv().await;
    test.settle_within(std::time::Duration::ZERO).await?;
    Ok(From::Beginning)
}

fn main() {
    let _ = settled;
}
