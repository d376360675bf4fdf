//! Which protocol does a connection begin with? Read before hyper sees it, because hyper waits for
//! a preface without any bound.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::live::Taking;
use crate::turn::{Pace, Turn};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http2,
    Other,
}

/// A stream whose first bytes have been looked at and are read once more, in turn.
pub(crate) struct Sniffed<IO> {
    head: [u8; 24],
    from: usize,
    to: usize,
    io: IO,
    taking: Arc<Taking>,
    pace: Option<Pace>,
}

impl<IO> Sniffed<IO> {
    pub fn new(head: [u8; 24], to: usize, io: IO) -> Self {
        Self { head, from: 0, to, io, taking: Arc::default(), pace: None }
    }

    /// From now on it is read in turn.
    #[must_use]
    pub fn paced(self, turn: Arc<Turn>) -> Self {
        Self { pace: Some(Pace::new(turn)), ..self }
    }

    /// Whether what is written here is taken.
    pub fn taking(&self) -> Arc<Taking> {
        Arc::clone(&self.taking)
    }
}

/// Reads until the bytes are the preface of HTTP/2, or can't be. End of file is an error.
pub(crate) async fn sniff<IO: AsyncRead + Unpin>(
    mut io: IO,
) -> io::Result<(Protocol, Sniffed<IO>)> {
    let mut head = [0; 24];
    let mut to = 0;
    while let Some(free) = head.get_mut(to..).filter(|f| !f.is_empty()) {
        let read = io.read(free).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to += read;
        if head.get(..to) != PREFACE.get(..to) {
            return Ok((Protocol::Other, Sniffed::new(head, to, io)));
        }
    }
    Ok((Protocol::Http2, Sniffed::new(head, to, io)))
}

impl<IO: AsyncRead + Unpin> AsyncRead for Sniffed<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(pace) = &mut this.pace {
            ready!(pace.poll_turn(cx));
        }
        let left = this.head.get(this.from..this.to).unwrap_or_default();
        if left.is_empty() {
            let polled = Pin::new(&mut this.io).poll_read(cx, buf);
            if let Some(pace) = this.pace.as_ref().filter(|_| polled.is_pending()) {
                pace.is_through();
            }
            return polled;
        }
        let count = left.len().min(buf.remaining());
        buf.put_slice(left.get(..count).unwrap_or_default());
        this.from += count;
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Sniffed<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, buf);
        self.taking.saw(polled.is_ready());
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.taking.saw(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(bytes: &[u8]) -> (Protocol, Vec<u8>) {
        let (protocol, mut io) = sniff(bytes).await.unwrap();
        let mut all = Vec::new();
        io.read_to_end(&mut all).await.unwrap();
        (protocol, all)
    }

    #[tokio::test]
    async fn nothing_that_was_looked_at_is_lost() {
        let h2 = [PREFACE.as_slice(), b"more"].concat();
        assert_eq!(of(&h2).await, (Protocol::Http2, h2.clone()));
        for other in ["POST / HTTP/1.1\r\n\r\n", "PRI * HTTP/1.1\r\n\r\n", "\x16\x03\x01"] {
            assert_eq!(of(other.as_bytes()).await, (Protocol::Other, other.as_bytes().to_vec()));
        }
    }

    #[tokio::test]
    async fn a_preface_that_breaks_off_is_an_error() {
        assert!(sniff(&b"PRI * HT"[..]).await.is_err());
    }
}
