//! Types that can't be a request.

use tidings::prelude::*;

#[derive(Request)]
#[request(subject = "stock", reply = u8)]
enum Check {
    A,
}

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock", reply = u8)]
struct Tuple(u8, u8);

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.{id}", reply = u8)]
struct Field {
    #[request(id)]
    id: u8,
}

fn main() {}
