//! `trellis token`: tokens of the development issuer, which only `trellis up` trusts.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context as _, anyhow, ensure};
use identity::{Asserts, DevIssuer, Mint, Proofed};
use kernel::{AgencyId, Code, CodeSet, Purpose, Role, SystemClock};
use time::{Date, Duration, macros::format_description};

use super::{data_dir, say, up};

/// Print a token for a network that `trellis up` runs
///
/// The development issuer's key lies in the data directory: whoever can read it can be anybody.
/// Nothing but `trellis up` trusts it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  The network's administrator, who registers agencies:
    trellis token --kind network --role NETWORK_ADMIN
  A clinician of an agency that was registered with the client `demo`:
    trellis token --kind staff --agency agencies/UUID --client demo --sub alma --role CLINICIAN \\
        --purpose TREAT --purpose COC
  A person:
    trellis token --kind person --sub jordan
  The same, whose papers the issuer has seen:
    trellis token --kind person --sub jordan --proofed --family-name Rivera --birth-date 1985-04-12

  grpcurl -plaintext -H \"authorization: Bearer $(trellis token …)\" 127.0.0.1:50051 …")]
pub struct Args {
    /// Of whom the token speaks
    #[arg(long, value_enum)]
    kind: Kind,
    /// The sign-in's name [default: its first role, in lower case]
    #[arg(long, value_name = "NAME")]
    sub: Option<String>,
    /// Staff: their agency, agencies/UUID
    #[arg(long, value_name = "AGENCY", required_if_eq("kind", "staff"))]
    agency: Option<String>,
    /// Staff: the client that the agency was registered with
    #[arg(long, value_name = "ID", default_value = "demo")]
    client: String,
    /// CLINICIAN, CASE_MANAGER, AGENCY_ADMIN, NETWORK_ADMIN, …; a person is a PERSON
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', value_parser = code::<Role>)]
    roles: Vec<Role>,
    /// What for: TREAT, COC, HOUSING_PLACEMENT, …; a request may narrow these [default: staff TREAT and
    /// COC, a person PATRQT]
    #[arg(long = "purpose", value_name = "PURPOSE", value_delimiter = ',', value_parser = code::<Purpose>)]
    purposes: Vec<Purpose>,
    /// How long it lives, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    minutes: u32,
    /// The issuer has seen the bearer's papers (IAL2), which say the name and the birth date
    #[arg(long, requires_all = ["family_name", "birth_date"])]
    proofed: bool,
    /// What the papers say
    #[arg(long, value_name = "NAME", requires = "proofed")]
    family_name: Option<String>,
    /// What the papers say, YYYY-MM-DD
    #[arg(long, value_name = "DATE", requires = "proofed", value_parser = day)]
    birth_date: Option<Date>,
    /// What the papers say, if a given name is to be compared, too
    #[arg(long, value_name = "NAME", requires = "proofed")]
    given_name: Option<String>,
    /// The data directory of `trellis up`
    #[arg(long, value_name = "DIR", env = "TRELLIS_DATA")]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Somebody who works for an agency
    Staff,
    /// Somebody whose records these are
    Person,
    /// The network's own people
    Network,
}

fn code<T: Code>(text: &str) -> Result<T, String> {
    T::parse(text).ok_or_else(|| {
        let known: Vec<&str> = T::ALL.iter().map(|code| code.code()).collect();
        format!("known are {}", known.join(", "))
    })
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "a day of the calendar, YYYY-MM-DD".to_owned())
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let keys = up::Data::at(data_dir(args.data.clone())?).keys();
    let there = keys.join("dev-issuer-key.pem").exists();
    ensure!(there, "no development issuer in {}: trellis up makes one", keys.display());
    let issuer = DevIssuer::open(&keys, up::AUDIENCE, Arc::new(SystemClock))
        .with_context(|| keys.display().to_string())?;
    let mint = args.mint()?;
    say(&match args.papers() {
        Some(who) => issuer.mint_proofed(&mint, &who)?,
        None => issuer.mint(&mint)?,
    });
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn papers(&self) -> Option<Proofed> {
        Some(Proofed {
            family_name: self.family_name.clone()?,
            given_name: self.given_name.clone(),
            birth_date: self.birth_date?,
        })
    }

    fn mint(&self) -> anyhow::Result<Mint> {
        let kind = match self.kind {
            Kind::Staff => Asserts::AgencyStaff,
            Kind::Person => Asserts::Person,
            Kind::Network => Asserts::Network,
        };
        let mut roles: CodeSet<Role> = self.roles.iter().copied().collect();
        if roles.is_empty() && kind == Asserts::Person {
            roles.insert(Role::Person);
        }
        let first = roles.iter().next();
        let first = first.context("--role is missing: say what the token's bearer is")?;
        if let Some(other) = roles.iter().find(|role| !kind.roles().contains(*role)) {
            let fit: Vec<&str> = kind.roles().iter().map(Role::code).collect();
            anyhow::bail!("--role {other} is of another kind; {}", fit.join(", "));
        }
        let staff = kind == Asserts::AgencyStaff;
        Ok(Mint {
            kind,
            sub: self.sub.clone().unwrap_or_else(|| first.code().to_lowercase()),
            agency: self.agency.as_deref().filter(|_| staff).map(agency).transpose()?,
            client_id: staff.then(|| self.client.clone()),
            roles,
            purposes: match (self.purposes.as_slice(), self.kind) {
                ([], Kind::Staff) => [Purpose::Treat, Purpose::CoordinationOfCare].into(),
                ([], Kind::Person) => [Purpose::PatientRequest].into(),
                (asked, _) => asked.iter().copied().collect(),
            },
            ttl: Duration::minutes(self.minutes.into()),
            proofed: self.proofed,
        })
    }
}

fn agency(name: &str) -> anyhow::Result<AgencyId> {
    let id = AgencyId::new(name.strip_prefix("agencies/").unwrap_or(name));
    id.uuid().is_some().then_some(id).ok_or_else(|| anyhow!("--agency {name}: agencies/UUID"))
}
