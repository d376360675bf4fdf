//! `trellis pki`: certificates for a network, where no authority of the operator's makes them.

use std::{net::IpAddr, path::PathBuf, process::ExitCode};

use kernel::{Clock as _, SystemClock};
use trellis::pki::{Wanted, issue};

use super::say;

/// Make a development authority and a certificate for each service
///
/// Writes ca.crt and ca.key, and for each service a folder with tls.crt, tls.key and a copy of ca.crt. A
/// service's certificate names it by spiffe://TRUST-DOMAIN/trellis/SERVICE, its own name and what --dns
/// and --ip add. Keys are for their owner alone (0600, folders 0700). Nothing is overwritten; --renew
/// signs anew, with new keys, by the authority that is there, and running services take the new files up.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  trellis pki ./pki --trust-domain care.example.org
  trellis pki ./pki --trust-domain care.example.org --dns '{service}.trellis.svc' --days 7
  trellis pki ./pki --trust-domain care.example.org --renew

Whoever can read ca.key can be any service. In production let an authority of yours issue the same
names, for days.")]
pub struct Args {
    /// Where they are kept
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// As network.trust_domain in the configuration
    #[arg(long, value_name = "NAME")]
    trust_domain: String,
    /// One more name that services are reached by; {service} is the service's
    #[arg(long, value_name = "NAME")]
    dns: Vec<String>,
    /// One more address that services are reached by
    #[arg(long, value_name = "ADDRESS")]
    ip: Vec<IpAddr>,
    /// How long the certificates are good
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=398))]
    days: u16,
    /// How long the authority is good
    #[arg(long, value_name = "DAYS", default_value_t = 3650, value_parser = clap::value_parser!(u16).range(1..=7300))]
    ca_days: u16,
    /// all/ too, which names every service: for a process that runs several
    #[arg(long)]
    all: bool,
    /// client-NAME/ too, for a caller that is no service
    #[arg(long, value_name = "NAME")]
    client: Vec<String>,
    /// Sign anew by the authority that is there
    #[arg(long)]
    renew: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let wanted = Wanted {
        trust_domain: args.trust_domain.clone(),
        dns: args.dns.clone(),
        ips: args.ip.clone(),
        days: args.days,
        ca_days: args.ca_days,
        all: args.all,
        clients: args.client.clone(),
    };
    for folder in issue(&args.directory, &wanted, args.renew, SystemClock.now())? {
        say(&folder.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}
