//! (a): what came in goes out.

use tonic::Status;
use wire::notes::v1::GetNoteRequest;

use super::unary::{Rpc, Unary};

pub const PATH: &str = Echo::PATH;

pub struct Echo;

impl Rpc for Echo {
    const SERVICE: &'static str = "trellis.bench.v1.EchoService";
    const PATH: &'static str = "/trellis.bench.v1.EchoService/Echo";
    type In = GetNoteRequest;
    type Out = GetNoteRequest;

    async fn answer(&self, asked: GetNoteRequest) -> Result<GetNoteRequest, Status> {
        Ok(asked)
    }
}

pub fn server() -> Unary<Echo> {
    Unary::new(Echo)
}
