//! One call: who makes it and which RPC it is.

use std::sync::Arc;

use identity::Caller;

/// A verified caller at one RPC.
#[derive(Debug, Clone)]
pub struct Call {
    caller: Arc<Caller>,
    rpc: &'static str,
    trace_id: Option<[u8; 16]>,
}

impl Call {
    /// `rpc` is the full method without the leading slash, as audit records name it.
    pub fn new(caller: Arc<Caller>, rpc: &'static str, trace_id: Option<[u8; 16]>) -> Self {
        Self { caller, rpc, trace_id }
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    pub fn rpc(&self) -> &'static str {
        self.rpc
    }

    pub fn trace_id(&self) -> Option<[u8; 16]> {
        self.trace_id
    }
}
