//! The body of a request as it comes in: what all calls hold at once is bounded, and a unary call
//! has one message.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::{MAX_DECODE, reply};

/// Before each message: a flag, and its length.
const PREFIX: usize = 5;

/// Not counted: as many of them as there may be calls are no burden, and most calls are of no more.
/// So whoever fills what may be held keeps nobody else from those.
const SMALL: usize = 16 * 1024;

/// Bytes of messages that are in this process now: requests until they are answered, replies until
/// they are read.
#[derive(Debug)]
pub(crate) struct Held {
    now: AtomicUsize,
    most: usize,
}

/// One message's part of that. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<Held>,
    bytes: AtomicUsize,
}

impl Held {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { now: AtomicUsize::new(0), most })
    }

    pub fn share(self: &Arc<Self>) -> Share {
        Share { of: Arc::clone(self), bytes: AtomicUsize::new(0) }
    }
}

impl Share {
    /// Holds so much instead of what it held. False: there is no room, and it holds as before.
    pub fn set(&self, bytes: usize) -> bool {
        let bytes = if bytes > SMALL { bytes } else { 0 };
        let before = self.bytes.load(Relaxed);
        let more = bytes.saturating_sub(before);
        if more > 0 && self.of.now.fetch_add(more, Relaxed).saturating_add(more) > self.of.most {
            self.of.now.fetch_sub(more, Relaxed);
            return false;
        }
        self.of.now.fetch_sub(before.saturating_sub(bytes), Relaxed);
        self.bytes.store(bytes, Relaxed);
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.now.fetch_sub(self.bytes.load(Relaxed), Relaxed);
    }
}

pub(crate) struct Intake {
    inner: Body,
    share: Arc<Share>,
    unary: bool,
    prefix: [u8; PREFIX],
    seen: usize,
}

impl Intake {
    pub fn new(inner: Body, share: Arc<Share>, unary: bool) -> Self {
        Self { inner, share, unary, prefix: [0; PREFIX], seen: 0 }
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Status> {
        if let Some(free) = self.prefix.get_mut(self.seen..) {
            for (to, from) in free.iter_mut().zip(data) {
                *to = *from;
            }
        }
        self.seen = self.seen.saturating_add(data.len());
        if self.unary && self.seen > PREFIX {
            let [_, length @ ..] = self.prefix;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            // What is too long is told to be so by who reads it.
            if length <= MAX_DECODE && self.seen > PREFIX + length {
                return Err(reply::not_one_message());
            }
        }
        // No more than one message of a stream is held at once.
        match self.share.set(self.seen.min(MAX_DECODE + PREFIX)) {
            true => Ok(()),
            false => Err(reply::overloaded()),
        }
    }
}

impl http_body::Body for Intake {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && let Err(status) = this.take(data)
        {
            this.inner = Body::empty();
            return Poll::Ready(Some(Err(status)));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let held = Held::new(10 << 20);
        let (one, other) = (held.share(), held.share());
        assert!(one.set(6 << 20) && other.set(4 << 20));
        assert!(!other.set(5 << 20), "no room");
        assert!(held.share().set(SMALL), "there is always room for what is small");
        assert!(one.set(2 << 20) && other.set(8 << 20));
        drop(other);
        assert!(one.set(10 << 20));
        drop(one);
        assert_eq!(held.now.load(Relaxed), 0);
    }

    #[test]
    fn a_unary_call_has_one_message_however_it_is_cut() {
        let two = [0, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0];
        for size in 1..=two.len() {
            let mut intake = Intake::new(Body::empty(), Arc::new(Held::new(100).share()), true);
            let took: Result<Vec<()>, Status> = two.chunks(size).map(|c| intake.take(c)).collect();
            assert_eq!(took.unwrap_err().code(), tonic::Code::InvalidArgument, "{size}");
            let mut intake = Intake::new(Body::empty(), Arc::new(Held::new(100).share()), true);
            two[..6].chunks(size).for_each(|c| intake.take(c).unwrap());
            let mut intake = Intake::new(Body::empty(), Arc::new(Held::new(100).share()), false);
            two.chunks(size).for_each(|c| intake.take(c).unwrap());
        }
    }
}
