//! The main job, played over real gRPC: three agencies of different sectors coordinate around one
//! person, with her consent checked on every request and every disclosure recorded. Each step is
//! checked; the first that goes another way ends the demo with an error.

mod actor;
mod checks;
mod county;
mod court;
mod emergency;
mod network;
mod person;
mod refuge;
mod restriction;
mod revocation;
mod sharing;
mod telling;
mod terms;
mod watching;
mod week;

use std::io::Write;

use identity::DevIssuer;
use tonic::transport::Channel;

use self::{
    actor::{Actor, Stage},
    telling::Telling,
};

/// Who takes part, and what they have made so far.
pub struct Cast {
    admin: Actor,
    clinic: String,
    housing: String,
    probation: String,
    hospital: String,
    refuge: String,
    prosecutor: String,
    clinician: Actor,
    privacy_officer: Actor,
    case_manager: Actor,
    officer: Actor,
    ana: Actor,
    person: String,
    note: String,
    attendance: String,
    housing_consent: String,
    justice_consent: String,
    done: String,
    open: String,
}

/// Plays the story against the network behind `channel`, whose callers `issuer` vouches for.
pub async fn play(channel: Channel, issuer: &DevIssuer, out: impl Write) -> anyhow::Result<()> {
    let stage = Stage { channel, issuer };
    let mut telling = Telling::new(out);
    let mut cast = network::join(&stage, &mut telling).await?;
    person::meet(&mut cast, &mut telling).await?;
    person::without_consent(&mut cast, &mut telling).await?;
    person::decides(&mut cast, &mut telling).await?;
    let watches = sharing::close_the_loop(&mut cast, &mut telling).await?;
    sharing::read(&cast, &mut telling).await?;
    restriction::restrict(&cast, &mut telling).await?;
    revocation::revoke(&cast, watches, &mut telling).await?;
    emergency::break_the_glass(&stage, &cast, &mut telling).await?;
    court::order(&stage, &cast, &mut telling).await?;
    week::live(&stage, &cast, &mut telling).await?;
    refuge::refer(&stage, &cast, &mut telling).await?;
    revocation::account(&cast, &mut telling).await?;
    telling.end("Every step went as the person had decided.")?;
    Ok(())
}
