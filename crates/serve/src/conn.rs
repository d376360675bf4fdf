//! One connection, from its first byte to its last, with every limit set.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use kernel::Connection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval_at, sleep, timeout};
use tonic::body::Body;
use tonic::transport::server::Connected;

use crate::ServeConfig;
use crate::front::Shared;
use crate::listen::Serve;
use crate::live::{Live, State};
use crate::sniff::{Protocol, Sniffed, sniff};
use crate::tls::Tls;
use crate::turn::Guest;

/// A connection that has not yet said anything when a drain begins gets so long to do so: its
/// request may be on the way.
const LATE: Duration = Duration::from_secs(1);

pub(crate) struct Settings {
    http2: auto::Builder<TokioExecutor>,
    http1: Option<auto::Builder<TokioExecutor>>,
    tls: Option<Tls>,
    handshake: Duration,
    age: Duration,
    grace: Duration,
    idle: Duration,
    turn: Duration,
    count: AtomicU64,
}

impl Settings {
    pub fn new(config: &ServeConfig, tls: Option<Tls>) -> Self {
        let limits = &config.limits;
        let seconds = Duration::from_secs;
        let handshake = seconds(limits.handshake_timeout_seconds);
        let mut http2 = auto::Builder::new(TokioExecutor::new()).http2_only();
        http2
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.max_concurrent_streams)
            .max_pending_accept_reset_streams(limits.max_pending_accept_reset_streams)
            .max_local_error_reset_streams(limits.max_local_error_reset_streams)
            .max_header_list_size(limits.max_header_list_size)
            .max_frame_size(limits.max_frame_size)
            .max_send_buf_size(limits.max_send_buffer)
            .initial_stream_window_size(limits.stream_window)
            .initial_connection_window_size(limits.connection_window)
            .adaptive_window(false)
            .keep_alive_interval(seconds(limits.keepalive_interval_seconds))
            .keep_alive_timeout(seconds(limits.keepalive_timeout_seconds));
        let http1 = config.web.is_some().then(|| {
            let mut http1 = auto::Builder::new(TokioExecutor::new()).http1_only();
            http1
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(handshake)
                .half_close(false)
                .max_buf_size(limits.max_header_list_size as usize);
            http1
        });
        Self {
            http2,
            http1,
            tls,
            handshake,
            age: seconds(limits.max_connection_age_seconds),
            grace: seconds(limits.max_connection_age_grace_seconds),
            idle: seconds(limits.max_connection_idle_seconds),
            // Longer than any unary call: what is left after a turn is not being read.
            turn: config.deadline() + seconds(limits.stalled_reader_seconds),
            count: AtomicU64::new(0),
        }
    }

    /// Spread from nine to eleven tenths, so that not all clients come back at once.
    fn age(&self) -> Duration {
        let step = self.count.fetch_add(7, Ordering::Relaxed) % 21;
        self.age / 100 * (90 + step as u32)
    }
}

pub(crate) async fn serve<S: Serve>(
    stream: TcpStream,
    settings: &Settings,
    shared: &Shared,
    door: S,
    guest: Arc<Guest>,
) {
    let _ = stream.set_nodelay(true);
    match &settings.tls {
        None => {
            let begun = async {
                let info = (stream.connect_info(), Connection::Plaintext);
                sniff(stream).await.map(|(protocol, io)| (protocol, io, info))
            };
            if let Some((protocol, io, info)) = in_time(begun, settings, shared).await {
                drive(protocol, io, info, settings, shared, door, guest).await;
            }
        }
        Some(tls) => {
            let begun = async {
                let (stream, connection) = tls.accept(stream).await?;
                let info = (stream.connect_info(), connection);
                sniff(stream).await.map(|(protocol, io)| (protocol, io, info))
            };
            if let Some((protocol, io, info)) = in_time(begun, settings, shared).await {
                drive(protocol, io, info, settings, shared, door, guest).await;
            }
        }
    }
}

/// The slow loris: a connection that does not begin is closed.
async fn in_time<T>(
    begun: impl Future<Output = io::Result<T>>,
    settings: &Settings,
    shared: &Shared,
) -> Option<T> {
    let late = async {
        shared.drain.closing.cancelled().await;
        sleep(LATE).await;
    };
    tokio::select! {
        begun = timeout(settings.handshake, begun) => match begun {
            Ok(Ok(begun)) => Some(begun),
            Ok(Err(why)) => {
                tracing::debug!(target: "trellis", %why, "connection did not begin");
                None
            }
            Err(_) => None,
        },
        () = late => None,
    }
}

async fn drive<S, IO, Info>(
    protocol: Protocol,
    io: Sniffed<IO>,
    (info, connection): (Info, Connection),
    settings: &Settings,
    shared: &Shared,
    door: S,
    guest: Arc<Guest>,
) where
    S: Serve,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Info: Clone + Send + Sync + 'static,
{
    let builder = match (protocol, &settings.http1) {
        (Protocol::Http2, _) => &settings.http2,
        (Protocol::Other, Some(http1)) => http1,
        (Protocol::Other, None) => return,
    };
    let (live, taking) = (Arc::new(Live::default()), io.taking());
    let service = connection.certificate().is_some_and(|shown| !shown.services.is_empty());
    let turn = Arc::new(shared.admission.turn(guest).of_service(service));
    let io = io.paced(Arc::clone(&turn));
    let calls = Arc::clone(&live);
    let service = service_fn(move |req: Request<Incoming>| {
        let mut req = req.map(Body::new);
        req.extensions_mut().insert(info.clone());
        req.extensions_mut().insert(connection.clone());
        req.extensions_mut().insert(Arc::clone(&calls));
        req.extensions_mut().insert(Arc::clone(&turn));
        door.serve(req)
    });
    let mut conn = std::pin::pin!(builder.serve_connection(TokioIo::new(io), service));
    let mut age = std::pin::pin!(sleep(settings.age()));
    let mut turns = interval_at(Instant::now() + settings.turn, settings.turn);
    let mut idles = interval_at(Instant::now() + settings.idle, settings.idle);
    let (mut leaving, mut draining, mut seen) = (false, false, 0);
    loop {
        let mut leave = false;
        tokio::select! {
            ended = &mut conn => {
                if let Err(why) = ended {
                    tracing::debug!(target: "trellis", %why, "connection failed");
                }
                return;
            }
            () = shared.drain.closing.cancelled(), if !draining => {
                (leave, draining) = (true, true);
            }
            () = shared.drain.kill.cancelled() => return,
            () = &mut age => match leaving && !draining {
                true => return,
                false => leave = true,
            },
            _ = turns.tick() => {
                if [live.turn(), taking.turn()].contains(&State::Stalled) {
                    tracing::warn!(target: "trellis", "closing a connection that does not read");
                    return;
                }
            }
            _ = idles.tick() => {
                leave = live.state(seen) == State::Idle;
                seen = live.calls();
            }
        }
        if leave {
            conn.as_mut().graceful_shutdown();
            leaving = true;
            age.as_mut().reset(Instant::now() + settings.grace);
        }
    }
}
