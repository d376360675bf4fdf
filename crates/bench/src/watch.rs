//! How soon those who watch referrals are told: from the reply to a write, which follows its commit, to the
//! event at each of those who watch, over gRPC, on one process of the service. One that watches alone is
//! measured in the same run, under the same writes.

mod report;
mod watcher;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use pg::{Embedded, ServiceSchema};
use tonic::{Code, transport::Channel};
use uuid::Uuid;
use wire::{
    common::v1::{Action, RecordKind},
    consent::v1::Rule,
    referrals::v1::{CreateReferralRequest, referrals_service_client::ReferralsServiceClient},
};

use crate::{
    prepare::{self, authorized, consent_of, from_clinic_to},
    run::{child::Child, cores},
    serving::Runtime,
    world::{CLINIC, Keys, World, watching},
};
use report::{Report, Seen};
use watcher::{Told, Watching};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A short run with few that watch, to see that it works; its figures say nothing
    #[arg(long)]
    smoke: bool,
    /// Writes that are measured with each number of those who watch
    #[arg(long, default_value_t = 400)]
    writes: usize,
    /// How many writes a second are begun
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// Where the database goes: a disk's folder that others can enter
    #[arg(long, default_value = "/var/tmp")]
    disk: PathBuf,
}

/// Of one agency: an event is told to each.
const OF_AN_AGENCY: usize = 10;
/// At most: a consent names no more recipients.
const AGENCIES: u32 = 100;
/// Of a write in a smoke run: on a busy machine the moment between the last question and the COMMIT may be too short.
const ATTEMPTS_SMOKE: usize = 5;
/// Until the last has been told.
const BOUND: Duration = Duration::from_secs(60);

impl Args {
    /// Agencies, and how many of each watch.
    fn sizes(&self) -> &'static [(u32, usize)] {
        match self.smoke {
            true => &[(1, 1), (2, OF_AN_AGENCY)],
            false => &[(1, 1), (10, OF_AN_AGENCY), (AGENCIES, OF_AN_AGENCY)],
        }
    }

    fn writes(&self) -> usize {
        if self.smoke { 20 } else { self.writes.max(1) }
    }
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    // Before there is a second thread or process: they inherit it.
    let cores = cores::Cores::share_out()?;
    let home = cores::home(&args.disk)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stage = Stage::set(&cores, home.path()).await?;
        let mut seen = Vec::new();
        for (agencies, each) in args.sizes() {
            seen.push(stage.measure(args, *agencies, *each).await?);
        }
        print!("{}", Report { seen, rate: args.rate, smoke: args.smoke });
        stage.database.stop().await;
        Ok(())
    })
}

/// The processes, and the person whose consent names all who watch.
struct Stage {
    referrals: Child,
    _consent: Child,
    database: Embedded,
    keys: Keys,
    person: Uuid,
}

impl Stage {
    async fn set(cores: &cores::Cores, home: &std::path::Path) -> anyhow::Result<Self> {
        let database = prepare::database(home, ("referrals", &::referrals::MIGRATIONS)).await?;
        let url = |service: &str| database.url(&ServiceSchema::of(service).role, "postgres");
        let mut world = World {
            referrals_url: url("referrals"),
            consent_url: url("consent"),
            watching: AGENCIES,
            ..World::default()
        };
        world.save(home)?;
        let consent = Child::consent(home)?;
        world.consent = format!("http://{}", consent.addr());
        world.save(home)?;
        let referrals = Child::referrals(home, cores, Runtime::Current)?;
        let (keys, person) = (Keys::open(home)?, Uuid::new_v4());
        let all = (0..AGENCIES).map(|n| format!("agencies/{}", watching(n))).collect();
        let rule = Rule {
            actions: vec![Action::Read.into(), Action::Refer.into()],
            kinds: vec![RecordKind::Referral.into()],
            ..from_clinic_to(all)
        };
        let (staff, own) = (keys.member(0, CLINIC)?, keys.person(person)?);
        prepare::sign(consent.channel()?, &staff, &own, consent_of(person, rule)).await?;
        Ok(Self { referrals, _consent: consent, database, keys, person })
    }

    /// So many writes, to each agency in turn, with all of them watching.
    async fn measure(&self, args: &Args, agencies: u32, each: usize) -> anyhow::Result<Seen> {
        let watching = self.watching(agencies, each).await?;
        let staff = self.keys.member(0, CLINIC)?;
        let writer = ReferralsServiceClient::new(self.referrals.channel()?);
        let mut begin = tokio::time::interval(Duration::from_secs(1) / args.rate.max(1));
        let mut replies = Vec::new();
        let begun = Instant::now();
        for agency in (0..agencies).cycle().take(args.writes()) {
            begin.tick().await;
            let message = self.referral(agency);
            let mut attempts = if args.smoke { ATTEMPTS_SMOKE } else { 1 };
            let reply = loop {
                attempts -= 1;
                let request = authorized(&staff, message.clone())?;
                match writer.clone().create_referral(request).await {
                    Err(status) if status.code() == Code::Unavailable && attempts > 0 => {}
                    reply => break reply?.into_inner(),
                }
            };
            replies.push((reply.referral.context("a referral")?.name, Instant::now()));
        }
        let took = begun.elapsed();
        let expected = replies.len() * each;
        let told = tokio::time::timeout(BOUND, watching.told(expected)).await;
        let told = told.context("not all who watch were told")?;
        let lags = lags(&replies, &told, each)?;
        Ok(Seen { watching: usize::try_from(agencies)? * each, lags, writes: replies.len(), took })
    }

    /// Each with a stream of its own, on as few connections as the service takes; all have caught up.
    async fn watching(&self, agencies: u32, each: usize) -> anyhow::Result<Watching> {
        let mut all = Watching::default();
        let mut channel: Option<Channel> = None;
        for n in 0..usize::try_from(agencies)? * each {
            if n.is_multiple_of(watcher::STREAMS) {
                channel = Some(self.referrals.channel()?);
            }
            let agency = watching(u32::try_from(n / each)?);
            let staff = self.keys.member(n, agency)?;
            let channel = channel.clone().context("a channel")?;
            all.add(ReferralsServiceClient::new(channel), &staff).await?;
        }
        Ok(all)
    }

    fn referral(&self, agency: u32) -> CreateReferralRequest {
        CreateReferralRequest {
            request_id: Uuid::new_v4().to_string(),
            person: format!("people/{}", self.person),
            target: format!("agencies/{}", watching(agency)),
            need_category: "103-05-04".to_owned(),
            summary: "A transitional apartment.".to_owned(),
            send: true,
            ..CreateReferralRequest::default()
        }
    }
}

/// Each write once at each who watches; what came before its reply took no time.
fn lags(
    replies: &[(String, Instant)],
    told: &[Told],
    each: usize,
) -> anyhow::Result<Vec<Duration>> {
    let mut lags = Vec::with_capacity(told.len());
    for (name, replied) in replies {
        let of = told.iter().filter(|told| told.referral == *name);
        let these: Vec<_> = of.map(|told| told.at.saturating_duration_since(*replied)).collect();
        ensure!(these.len() == each, "{name} was told {} times", these.len());
        lags.extend(these);
    }
    ensure!(lags.len() == told.len(), "told what was not written");
    lags.sort_unstable();
    Ok(lags)
}
