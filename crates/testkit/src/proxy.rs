//! A TCP proxy with faults, between a service and its database, or between two services. What it does
//! can be changed while it runs; it goes on listening at the same address.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    Server,
    Client,
}

/// What the proxy does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    Pass,
    /// Whatever is read waits so long before it is sent on.
    Delay(Duration),
    /// Connections are accepted, nothing is carried, and nothing is lost: it waits for another mode.
    Stall,
    /// What goes this way is lost. A connection that lost something stays dead in this direction.
    Drop(Towards),
    /// Every connection is reset (RST), those that are open and those that come.
    Reset,
    /// Nobody listens; what is open goes on.
    Refuse,
    /// A connection is reset once so many bytes have gone this way.
    Cut {
        towards: Towards,
        after: usize,
    },
    /// A connection is reset where a client says this word. With `said` the server hears it and does as
    /// it is asked; its answer is lost. Without, the server never hears it.
    CutAt {
        word: &'static str,
        said: bool,
    },
}

/// Where the server is.
#[derive(Debug, Clone)]
pub enum Server {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A proxy; it ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    mode: watch::Sender<Mode>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    server: Mutex<Option<Server>>,
    accepted: AtomicUsize,
    broken: AtomicUsize,
}

impl Proxy {
    /// Listens on this port of 127.0.0.1. Until [`Proxy::lead_to`] says where to, whoever connects waits.
    pub async fn listen(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        // Stalled, so that nobody is led to nowhere.
        let (mode, seen) = watch::channel(Mode::Stall);
        let accepting = tokio::spawn(accept(listener, addr, Arc::clone(&shared), seen));
        Ok(Self { addr, shared, mode, accepting })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the server is; from now on everything passes.
    pub fn lead_to(&self, server: Server) {
        *self.shared.server.lock().expect("nobody panics with it") = Some(server);
        self.set(Mode::Pass);
    }

    /// From now on; open connections as well.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many connections there have been.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(SeqCst)
    }

    /// How many of them were reset by the proxy.
    pub fn broken(&self) -> usize {
        self.shared.broken.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Its connections end with it.
async fn accept(
    listener: TcpListener,
    addr: SocketAddr,
    shared: Arc<Shared>,
    mut mode: watch::Receiver<Mode>,
) {
    let mut connections = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        while connections.try_join_next().is_some() {}
        let refusing = *mode.borrow_and_update() == Mode::Refuse;
        if refusing {
            listener = None;
            if mode.changed().await.is_err() {
                return;
            }
            continue;
        }
        let here = match listener.take() {
            Some(here) => here,
            None => match TcpListener::bind(addr).await {
                Ok(here) => here,
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
        };
        tokio::select! {
            accepted = here.accept() => if let Ok((client, _)) = accepted {
                shared.accepted.fetch_add(1, SeqCst);
                connections.spawn(connection(client, Arc::clone(&shared), mode.clone()));
            },
            changed = mode.changed() => if changed.is_err() {
                return;
            },
        }
        listener = Some(here);
    }
}

/// How a connection ended.
enum End {
    Closed,
    /// The client is to see a reset.
    Broken,
}

async fn connection(mut client: TcpStream, shared: Arc<Shared>, mut mode: watch::Receiver<Mode>) {
    let _ = client.set_nodelay(true);
    let end = through(&mut client, &shared, &mut mode).await;
    if matches!(end, Ok(End::Broken) | Err(_)) {
        shared.broken.fetch_add(1, SeqCst);
        let _ = client.set_zero_linger();
    }
}

async fn through(
    client: &mut TcpStream,
    shared: &Shared,
    mode: &mut watch::Receiver<Mode>,
) -> io::Result<End> {
    loop {
        let now = mode.borrow_and_update().clone();
        match now {
            Mode::Reset => return Ok(End::Broken),
            Mode::Stall => {}
            _ => break,
        }
        if mode.changed().await.is_err() {
            return Ok(End::Broken);
        }
    }
    let server = shared.server.lock().expect("nobody panics with it").clone();
    match server {
        None => Ok(End::Broken),
        Some(Server::Tcp(addr)) => {
            let server = TcpStream::connect(addr).await?;
            server.set_nodelay(true)?;
            Ok(both(client, server, mode).await)
        }
        Some(Server::Unix(path)) => Ok(both(client, UnixStream::connect(path).await?, mode).await),
    }
}

async fn both(
    client: &mut TcpStream,
    server: impl AsyncRead + AsyncWrite,
    mode: &watch::Receiver<Mode>,
) -> End {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = tokio::io::split(server);
    let said = watch::Sender::new(false);
    let mut there = pin!(Way::new(Towards::Server, mode, &said).carry(from_client, to_server));
    let mut back = pin!(Way::new(Towards::Client, mode, &said).carry(from_server, to_client));
    let (mut there_ended, mut back_ended) = (false, false);
    while !(there_ended && back_ended) {
        let ended = tokio::select! {
            end = &mut there, if !there_ended => { there_ended = true; end }
            end = &mut back, if !back_ended => { back_ended = true; end }
        };
        if !matches!(ended, Ok(End::Closed)) {
            return End::Broken;
        }
    }
    End::Closed
}

/// One direction of one connection.
struct Way<'a> {
    towards: Towards,
    mode: watch::Receiver<Mode>,
    /// The word at which the connection is cut has gone to the server.
    said: &'a watch::Sender<bool>,
    /// Something was lost.
    dead: bool,
    gone: usize,
}

impl<'a> Way<'a> {
    fn new(towards: Towards, mode: &watch::Receiver<Mode>, said: &'a watch::Sender<bool>) -> Self {
        Self { towards, mode: mode.clone(), said, dead: false, gone: 0 }
    }

    async fn carry(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> io::Result<End> {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let mode = self.mode.borrow_and_update().clone();
            match mode {
                Mode::Reset => return Ok(End::Broken),
                // Nothing is taken from who sends: they notice once the buffers are full.
                Mode::Stall => {
                    if self.mode.changed().await.is_err() {
                        return Ok(End::Broken);
                    }
                    continue;
                }
                Mode::Cut { .. } => {}
                _ => self.gone = 0,
            }
            let read = tokio::select! {
                read = from.read(&mut bytes) => read?,
                changed = self.mode.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return Ok(End::Broken),
                },
            };
            let Some(read) = bytes.get(..read).filter(|read| !read.is_empty()) else {
                let _ = to.shutdown().await;
                return Ok(End::Closed);
            };
            if !self.hand_on(read, &mut to).await? {
                return Ok(End::Broken);
            }
        }
    }

    /// What was read, by what the mode is now. False: the connection is to be reset.
    async fn hand_on(
        &mut self,
        mut read: &[u8],
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<bool> {
        let mut waited = false;
        loop {
            let mode = self.mode.borrow_and_update().clone();
            match mode {
                Mode::Reset => return Ok(false),
                Mode::Stall => {
                    if self.mode.changed().await.is_err() {
                        return Ok(false);
                    }
                    continue;
                }
                Mode::Delay(time) if !waited => {
                    tokio::select! {
                        () = tokio::time::sleep(time) => waited = true,
                        changed = self.mode.changed() => if changed.is_err() {
                            return Ok(false);
                        },
                    }
                    continue;
                }
                Mode::Drop(towards) if towards == self.towards => self.dead = true,
                Mode::Cut { towards, after } if towards == self.towards => {
                    let fits = after.saturating_sub(self.gone);
                    if read.len() >= fits {
                        read = read.get(..fits).unwrap_or(read);
                        to.write_all(read).await?;
                        to.flush().await?;
                        return Ok(false);
                    }
                }
                Mode::CutAt { word, said } => match self.towards {
                    Towards::Client if *self.said.borrow() => return Ok(false),
                    Towards::Server if holds(read, word.as_bytes()) => {
                        if !said {
                            return Ok(false);
                        }
                        self.said.send_replace(true);
                    }
                    _ => {}
                },
                _ => {}
            }
            break;
        }
        self.gone += read.len();
        if !self.dead {
            to.write_all(read).await?;
            to.flush().await?;
        }
        Ok(true)
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|some| some == word)
}
