//! Why a listener did not start, or a peer can't be called. One line each, for an operator.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{addr} is taken: another process listens there")]
    AddrInUse { addr: SocketAddr },
    #[error("can't listen on {addr}: {why}")]
    Bind { addr: SocketAddr, why: io::Error },
    #[error("refusing to listen on {addr} without TLS: only a loopback address may go without")]
    NeedsTls { addr: SocketAddr },
    #[error("{path}: {why}", path = path.display())]
    Tls { path: PathBuf, why: String },
    #[error("serve.{field}: {why}")]
    Config { field: &'static str, why: String },
    #[error("peers.tls: {0}")]
    Peers(String),
    #[error("{0} is mounted twice")]
    Twice(&'static str),
    #[error("the descriptor set can't be read: {0}")]
    Descriptors(String),
    #[error("peer {url}: {why}")]
    Peer { url: String, why: String },
    #[error("the listener's task ended: {0}")]
    Task(String),
}

impl Error {
    pub(crate) fn tls(path: &Path, why: impl ToString) -> Self {
        Self::Tls { path: path.to_owned(), why: why.to_string() }
    }

    pub(crate) fn bind(addr: SocketAddr, why: io::Error) -> Self {
        match why.kind() {
            io::ErrorKind::AddrInUse => Self::AddrInUse { addr },
            _ => Self::Bind { addr, why },
        }
    }
}
