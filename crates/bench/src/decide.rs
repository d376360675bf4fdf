//! What a decision costs: `policy::decide` over a person's twenty consents with exceptions, the
//! permit found last, beside the Cedar engine with an equal policy set, by turns in one run.

mod cedar;
mod measure;
mod question;
mod report;

use anyhow::ensure;

use question::Question;
use report::Report;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A short run, to see that it works; its figures say nothing
    #[arg(long)]
    smoke: bool,
    /// Timed calls of each engine
    #[arg(long, default_value_t = 400_000)]
    calls: usize,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let calls = if args.smoke { 2_000 } else { args.calls.max(100) };
    let question = Question::new()?;
    let engine = cedar::Engine::new(&question)?;
    agree(&question, &engine)?;
    let asked = question.permitted();
    let cedar = engine.ask(asked)?;
    let [ours, theirs] = measure::by_turns(
        calls,
        [&mut || question.decide(asked).permits(), &mut || cedar.allows()],
    )?;
    let consents = question.facts.consents.len();
    print!(
        "{}",
        Report { ours, theirs, consents, rules: question.rules(), calls, smoke: args.smoke }
    );
    Ok(())
}

/// Both engines say the same of every record, before either is timed.
fn agree(question: &Question, engine: &cedar::Engine) -> anyhow::Result<()> {
    for (record, permits) in &question.records {
        let decision = question.decide(record);
        ensure!(decision.permits() == *permits, "policy on {}: {decision:?}", record.id);
        ensure!(engine.ask(record)?.allows() == *permits, "Cedar differs on {}", record.id);
    }
    let decision = question.decide(question.permitted());
    let last = question.facts.consents.last().map(|consent| &consent.id);
    ensure!(decision.basis.iter().eq(last), "not found last: {:?}", decision.basis);
    Ok(())
}
