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
        Self { inner, left, first, share, call, deadline, timer, drain, done: false }
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
                let code = reply::dress(&mut trailers).unwrap_or(Code::Unknown);
                this.call.end(code);
                this.done = true;
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Ok(Poll::Ready(Some(Ok(frame)))) => match frame.into_data() {
                Ok(data) => {
                    if let Err(full) = this.share.set(data.len()) {
                        return this.cut(&full.status());
                    }
                    this.left = data;
                    this.piece()
                }
                Err(mut frame) => {
                    if let Some(trailers) = frame.trailers_mut() {
                        this.call.end(reply::dress(trailers).unwrap_or(Code::Unknown));
                        this.done = true;
                    }
                    Poll::Ready(Some(Ok(frame)))
                }
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
