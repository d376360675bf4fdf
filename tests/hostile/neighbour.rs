//! Another client, who makes good calls all the while over one connection of its own.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use testkit::frames::{ACK, PING, Raw, frame};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::ground::{BEARABLE, Good, Ground};

const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Default)]
pub struct Count {
    pub made: u64,
    pub failed: u64,
    /// What became of the last that failed.
    pub said: String,
    pub longest: Duration,
}

pub struct Neighbour {
    count: watch::Receiver<Count>,
    leave: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Neighbour {
    pub async fn moves_in(ground: &Ground) -> Self {
        let (tell, count) = watch::channel(Count::default());
        let (leave, left) = oneshot::channel();
        let raw = Raw::open(ground.addr).await.unwrap();
        let task = tokio::spawn(lives(raw, ground.addr, Arc::clone(&ground.good), tell, left));
        Self { count, leave, task }
    }

    pub fn count(&self) -> Count {
        self.count.borrow().clone()
    }

    pub async fn moves_out(self) -> Count {
        let _ = self.leave.send(());
        self.task.await.unwrap();
        self.count.borrow().clone()
    }
}

async fn lives(
    mut raw: Raw,
    addr: SocketAddr,
    good: Arc<Good>,
    tell: watch::Sender<Count>,
    mut left: oneshot::Receiver<()>,
) {
    let (mut stream, mut answered) = (1, 0);
    while left.try_recv().is_err() {
        let begun = Instant::now();
        raw.send(&good.call(stream)).await;
        let outcome = raw.outcome(stream, BEARABLE).await.to_string();
        let took = begun.elapsed();
        tell.send_modify(|count| {
            count.made += 1;
            count.longest = count.longest.max(took);
            if outcome != "served" {
                count.failed += 1;
                count.said = outcome;
            }
        });
        let pings = raw.pings();
        for ping in &pings[answered..] {
            raw.send(&frame(PING, ACK, 0, ping)).await;
        }
        answered = pings.len();
        stream += 2;
        if raw.now().fate().is_some()
            && let Ok(new) = Raw::open(addr).await
        {
            (raw, stream, answered) = (new, 1, 0);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
