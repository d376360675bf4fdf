//! The body of a reply, watched to its end: the code in its trailers, the deadline, the drain, a
//! panic in the middle of a stream.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::absence;
use crate::deadline::Deadline;
use crate::front::Call;
use crate::intake::Share;
use crate::reply;

/// A large message goes out in pieces. hyper asks for the next one only when the client has room,
/// so that a reply nobody reads stays here, counted, and not in h2's buffers.
const PIECE: usize = 16 * 1024;

pub(crate) struct ReplyBody {
    inner: Body,
    /// What is left of the message that is being sent.
    left: Bytes,
    /// A unary reply's first frame: encoded before anybody reads it, so that it is counted.
    first: Option<Frame<Bytes>>,
    share: Arc<Share>,
    call: Call,
    deadline: Deadline,
    /// Streams only: a unary reply is there as a whole when it begins.
    timer: Option<Pin<Box<Sleep>>>,
    /// Streams only: the moment at which this kind of stream must end for a drain.
    drain: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// A NOT_FOUND at the end, and the beat that it waits for.
    absent: Option<(HeaderMap, Pin<Box<Sleep>>)>,
    done: bool,
}

impl ReplyBody {
    pub fn new(
        inner: Body,
        call: Call,
        deadline: Deadline,
        drain: Option<WaitForCancellationFutureOwned>,
        share: Arc<Share>,
    ) -> Self {
        let timer = match (&drain, deadline.instant()) {
            (Some(_), Some(at)) => Some(Box::pin(tokio::time::sleep_until(at))),
            _ => None,
        };
        let (left, first, drain) = (Bytes::new(), None, drain.map(Box::pin));
        let (absent, done) = (None, false);
        Self { inner, left, first, share, call, deadline, timer, drain, absent, done }
    }

    /// Has a unary reply encoded now. A message that waits for its reader would not be counted.
    pub async fn encoded(mut self) -> Self {
        let first = |cx: &mut Context<'_>| {
            Poll::Ready(http_body::Body::poll_frame(Pin::new(&mut self), cx))
        };
        let polled = poll_fn(first).await;
        if let Poll::Ready(Some(Ok(frame))) = polled {
            self.first = Some(frame);
        }
        self
    }

    /// Ends the reply with a status of our own, and drops what the service was about to send.
    fn cut(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.call.end(status.code());
        self.done = true;
        self.inner = Body::empty();
        let mut trailers = HeaderMap::new();
        reply::write(status, &mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    /// The service's own status, with which the reply ends: NOT_FOUND leaves on a beat, as it does where nothing has
    /// begun.
    fn last(
        &mut self,
        mut trailers: HeaderMap,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let code = reply::dress(&mut trailers).unwrap_or(Code::Unknown);
        if code == Code::NotFound {
            let beat = Box::pin(absence::beat(self.call.started));
            self.absent = Some((trailers, beat));
            return self.beat(cx);
        }
        self.end(code, trailers)
    }

    fn beat(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some((trailers, mut beat)) = self.absent.take() else { return Poll::Ready(None) };
        if beat.as_mut().poll(cx).is_pending() {
            self.absent = Some((trailers, beat));
            return Poll::Pending;
        }
        self.end(Code::NotFound, trailers)
    }

    fn end(
        &mut self,
        code: Code,
        trailers: HeaderMap,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.call.end(code);
        self.done = true;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn piece(&mut self) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let piece = self.left.split_to(self.left.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn passed(timer: &mut Option<Pin<Box<impl Future>>>, cx: &mut Context<'_>) -> bool {
        timer.as_mut().is_some_and(|t| t.as_mut().poll(cx).is_ready())
    }
}

impl http_body::Body for ReplyBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if this.done {
            return Poll::Ready(None);
        }
        if !this.left.is_empty() {
            return this.piece();
        }
        if Self::passed(&mut this.timer, cx) {
            return this.cut(&reply::deadline_exceeded());
        }
        if Self::passed(&mut this.drain, cx) {
            return this.cut(&reply::draining());
        }
        if this.absent.is_some() {
            return this.beat(cx);
        }
        let (inner, deadline) = (&mut this.inner, this.deadline);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            this.call.trace.enter(|| deadline.enter(|| Pin::new(inner).poll_frame(cx)))
        }));
        match polled {
            Err(_) => this.cut(&reply::internal()),
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Some(Err(status)))) => {
                let mut trailers = HeaderMap::new();
                reply::write(&status, &mut trailers);
                this.last(trailers, cx)
            }
            Ok(Poll::Ready(Some(Ok(frame)))) => match frame.into_data() {
                Ok(data) => {
                    if let Err(full) = this.share.set(data.len()) {
                        return this.cut(&full.status());
                    }
                    this.left = data;
                    this.piece()
                }
                Err(frame) => match frame.into_trailers() {
                    Ok(trailers) => this.last(trailers, cx),
                    Err(other) => Poll::Ready(Some(Ok(other))),
                },
            },
            Ok(Poll::Ready(None)) => {
                this.call.end(Code::Unknown);
                this.done = true;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.done && self.first.is_none()
    }
}
