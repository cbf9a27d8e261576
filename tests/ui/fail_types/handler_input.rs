//! A handler of what is no message.

use tidings::prelude::*;

struct Created {
    region: String,
}

fn main() {
    let invoice = async |_: Created, _: Context| Ok(());
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
