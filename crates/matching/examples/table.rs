//! Prints, as Markdown, what the default weights make of generated populations: `cargo run -p
//! trellis-matching --example table [people] [seed...]`.

use matching::{Weights, evaluate::evaluate, generate::population};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let people = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let mut seeds = arguments.map(|text| text.parse()).collect::<Result<Vec<u64>, _>>()?;
    if seeds.is_empty() {
        seeds = vec![2, 3];
    }
    for seed in seeds {
        println!("Seed {seed}:\n\n{}", evaluate(&population(people, seed), &Weights::default())?);
    }
    Ok(())
}
