//! The body of a request as it comes in: what all calls hold at once is bounded, for all and for each caller, and a
//! call of one message has one, which is read when it is there to its end.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

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

/// Of what may be held, one caller holds at most this part, and all who need no token together.
const PART: usize = 8;

/// A message to health or reflection, which anybody may send.
const PUBLIC: usize = 4 * 1024;

/// Bytes of messages that are in this process now: requests until they are answered, replies until
/// they are read.
#[derive(Debug)]
pub(crate) struct Held {
    now: AtomicUsize,
    most: usize,
    public: Arc<AtomicUsize>,
}

/// One message's part of that. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<Held>,
    bytes: AtomicUsize,
    /// What its caller holds.
    part: OnceLock<Arc<AtomicUsize>>,
}

/// Why there is no room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Full {
    All,
    /// The caller's part, in bytes.
    Part(usize),
}

impl Full {
    pub fn status(&self) -> Status {
        match self {
            Self::All => reply::overloaded(),
            Self::Part(most) => {
                let most = u32::try_from(*most).unwrap_or(u32::MAX);
                let again = std::time::Duration::from_secs(1);
                reply::rate_limited("bytes of messages at once", most, again)
            }
        }
    }
}

impl Held {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { now: AtomicUsize::new(0), most, public: Arc::default() })
    }

    pub fn share(self: &Arc<Self>) -> Arc<Share> {
        Arc::new(Share { of: Arc::clone(self), bytes: AtomicUsize::new(0), part: OnceLock::new() })
    }

    /// What all hold together who need no token.
    pub fn public(&self) -> &Arc<AtomicUsize> {
        &self.public
    }

    /// A message fits, however little may be held.
    fn part(&self) -> usize {
        (self.most / PART).max(MAX_DECODE + PREFIX)
    }
}

fn add(to: &AtomicUsize, more: usize, most: usize) -> bool {
    if to.fetch_add(more, Relaxed).saturating_add(more) > most {
        to.fetch_sub(more, Relaxed);
        return false;
    }
    true
}

impl Share {
    /// Whose it is: what they hold is counted here as well. To be said before anything is held.
    pub fn is_of(&self, part: &Arc<AtomicUsize>) {
        if self.bytes.load(Relaxed) == 0 {
            let _ = self.part.set(Arc::clone(part));
        }
    }

    /// Holds so much instead of what it held. Where there is no room, it holds as before.
    pub fn set(&self, bytes: usize) -> Result<(), Full> {
        let bytes = if bytes > SMALL { bytes } else { 0 };
        let before = self.bytes.load(Relaxed);
        let (more, less) = (bytes.saturating_sub(before), before.saturating_sub(bytes));
        if more > 0 {
            if !add(&self.of.now, more, self.of.most) {
                return Err(Full::All);
            }
            let most = self.of.part();
            if self.part.get().is_some_and(|part| !add(part, more, most)) {
                self.of.now.fetch_sub(more, Relaxed);
                return Err(Full::Part(most));
            }
        }
        self.give_back(less);
        self.bytes.store(bytes, Relaxed);
        Ok(())
    }

    fn give_back(&self, bytes: usize) {
        self.of.now.fetch_sub(bytes, Relaxed);
        if let Some(part) = self.part.get() {
            part.fetch_sub(bytes, Relaxed);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.bytes.load(Relaxed));
    }
}

pub(crate) struct Intake {
    inner: Body,
    share: Arc<Share>,
    /// The call brings one message.
    one: bool,
    /// Bytes of a message.
    most: usize,
    prefix: [u8; PREFIX],
    /// Of the message that is coming, its prefix included.
    seen: usize,
    /// The end of the one message: whoever reads it makes much more of it than its bytes, so it is read once the
    /// call has nothing more to say, and not while its client lets it wait.
    kept: Option<Frame<Bytes>>,
    trailers: Option<Frame<Bytes>>,
}

impl Intake {
    pub fn new(inner: Body, share: Arc<Share>, one: bool, public: bool) -> Self {
        Self {
            inner,
            share,
            one,
            most: if public { PUBLIC } else { MAX_DECODE },
            prefix: [0; PREFIX],
            seen: 0,
            kept: None,
            trailers: None,
        }
    }

    fn length(&self) -> usize {
        let [_, length @ ..] = self.prefix;
        usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX)
    }

    /// Its reader is told its length before anything else, and refuses it.
    fn is_too_long(&self) -> bool {
        self.seen >= PREFIX && self.length() > self.most
    }

    fn is_whole(&self) -> bool {
        self.seen >= PREFIX && self.seen == PREFIX.saturating_add(self.length())
    }

    fn take(&mut self, mut data: &[u8]) -> Result<(), Status> {
        while !data.is_empty() {
            if self.is_whole() {
                if self.one {
                    return Err(reply::not_one_message());
                }
                // The next one of a stream: no more than one is held at once.
                self.seen = 0;
            }
            let want = match self.seen < PREFIX {
                true => PREFIX,
                false => PREFIX.saturating_add(self.length()),
            };
            let (now, rest) = data.split_at(data.len().min(want.saturating_sub(self.seen)));
            if let Some(free) = self.prefix.get_mut(self.seen..) {
                for (to, from) in free.iter_mut().zip(now) {
                    *to = *from;
                }
            }
            self.seen += now.len();
            data = rest;
            if self.is_too_long() {
                return match self.most == PUBLIC {
                    true => Err(reply::too_long_for_anybody(PUBLIC)),
                    false => Ok(()),
                };
            }
        }
        self.share.set(self.seen).map_err(|full| full.status())
    }

    /// A frame as its reader gets it. None: it is kept for now.
    fn passed(&mut self, frame: Frame<Bytes>) -> Option<Result<Frame<Bytes>, Status>> {
        let Some(data) = frame.data_ref() else {
            let kept = self.kept.take();
            if kept.is_some() {
                self.trailers = Some(frame);
                return kept.map(Ok);
            }
            return Some(Ok(frame));
        };
        if !self.is_too_long()
            && let Err(status) = self.take(data)
        {
            (self.inner, self.kept) = (Body::empty(), None);
            return Some(Err(status));
        }
        if self.one && self.is_whole() {
            // What comes after it is empty, or was refused.
            self.kept.get_or_insert(frame);
            return None;
        }
        Some(Ok(frame))
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
        if let Some(trailers) = this.trailers.take() {
            return Poll::Ready(Some(Ok(trailers)));
        }
        loop {
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Some(passed) = this.passed(frame) {
                        return Poll::Ready(Some(passed));
                    }
                }
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None => return Poll::Ready(this.kept.take().map(Ok)),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.kept.is_none() && self.trailers.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.kept {
            Some(_) => SizeHint::default(),
            None => self.inner.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let held = Held::new(10 << 20);
        let (one, other) = (held.share(), held.share());
        assert_eq!((one.set(6 << 20), other.set(4 << 20)), (Ok(()), Ok(())));
        assert_eq!(other.set(5 << 20), Err(Full::All), "no room");
        assert_eq!(held.share().set(SMALL), Ok(()), "there is always room for what is small");
        assert_eq!((one.set(2 << 20), other.set(8 << 20)), (Ok(()), Ok(())));
        drop(other);
        assert_eq!(one.set(10 << 20), Ok(()));
        drop(one);
        assert_eq!(held.now.load(Relaxed), 0);
    }

    #[test]
    fn nobody_holds_more_than_a_part_and_the_others_have_theirs() {
        let held = Held::new(64 << 20);
        let parts: [Arc<AtomicUsize>; 2] = Default::default();
        let of = |whose: usize| {
            let share = held.share();
            share.is_of(&parts[whose]);
            share
        };
        let (first, second) = (of(0), of(0));
        assert_eq!((first.set(5 << 20), second.set(3 << 20)), (Ok(()), Ok(())));
        assert_eq!(of(0).set(1 << 20), Err(Full::Part(8 << 20)));
        assert_eq!(of(1).set(8 << 20), Ok(()));
        drop(first);
        assert_eq!(second.set(8 << 20), Ok(()));
        drop(second);
        let all = [held.now.load(Relaxed), parts[0].load(Relaxed), parts[1].load(Relaxed)];
        assert_eq!(all, [0; 3]);
    }

    fn intake(one: bool) -> Intake {
        Intake::new(Body::empty(), Held::new(100).share(), one, false)
    }

    #[test]
    fn a_unary_call_has_one_message_however_it_is_cut() {
        let two = [0, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0];
        for size in 1..=two.len() {
            let mut one = intake(true);
            let took: Result<Vec<()>, Status> = two.chunks(size).map(|c| one.take(c)).collect();
            assert_eq!(took.unwrap_err().code(), tonic::Code::InvalidArgument, "{size}");
            let mut one = intake(true);
            two[..6].chunks(size).for_each(|c| one.take(c).unwrap());
            let mut many = intake(false);
            two.chunks(size).for_each(|c| many.take(c).unwrap());
        }
    }

    #[test]
    fn of_a_stream_one_message_is_held_however_many_have_come() {
        let message = [&[0, 0, 16, 0, 0][..], &[7; 1 << 20]].concat();
        let held = Held::new(8 << 20);
        let mut intake = Intake::new(Body::empty(), held.share(), false, false);
        for piece in message.repeat(20).chunks(10_000) {
            intake.take(piece).unwrap();
            assert!(held.now.load(Relaxed) <= message.len());
        }
    }

    #[test]
    fn who_needs_no_token_sends_little() {
        let mut public = Intake::new(Body::empty(), Held::new(100).share(), false, true);
        public.take(&[0, 0, 0, 16, 0]).unwrap();
        let mut public = Intake::new(Body::empty(), Held::new(100).share(), false, true);
        let refused = public.take(&[0, 0, 0, 16, 1]).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::OutOfRange);
    }

    #[tokio::test]
    async fn the_one_message_is_read_when_its_call_has_said_all() {
        let (tell, frames) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, Status>>(4);
        let body = Body::new(StreamBody::new(tokio_stream::wrappers::ReceiverStream::new(frames)));
        let mut intake = Intake::new(body, Held::new(100).share(), true, false);
        for bytes in [&[0, 0, 0, 0, 2][..], b"a", b"b", b""] {
            tell.send(Ok(Frame::data(Bytes::copy_from_slice(bytes)))).await.unwrap();
        }
        let mut next = async || {
            let soon = tokio::time::timeout(std::time::Duration::from_millis(50), intake.frame());
            soon.await.ok().map(|frame| frame.map(|f| f.unwrap().into_data().unwrap()))
        };
        assert_eq!(next().await.flatten().unwrap().len(), 5);
        assert_eq!(next().await.flatten().unwrap(), "a");
        assert_eq!(next().await, None, "its last part waits");
        drop(tell);
        assert_eq!(next().await.flatten().unwrap(), "b");
        assert_eq!(next().await, Some(None));
    }
}
