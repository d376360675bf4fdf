//! Prints the odds of a generated population of a seed that no test uses: as they are stated, as they
//! are estimated without its truth, and as they are.

use matching::{
    Field, Weights,
    em::{estimate, known},
    evaluate::patterns,
    generate::population,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stated = Weights::default();
    let [candidates, random, of_one] = patterns(&population(100_000, 11), &stated)?;
    let estimated = estimate(&candidates, &random, &stated, 50);
    let known = known(&of_one, &random, &stated);
    println!("| field | level | m stated | m estimated | m known | u stated | u known |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    for field in Field::ALL {
        for level in field.levels() {
            let of = |weights: &Weights| {
                let odds = weights.odds.get(&field).and_then(|levels| levels.get(level));
                odds.map_or((f64::NAN, f64::NAN), |odds| (odds.m, odds.u))
            };
            let ((m, u), (em, _), (km, ku)) = (of(&stated), of(&estimated), of(&known));
            println!("| {field} | {level:?} | {m} | {em:.4} | {km:.4} | {u} | {ku:.6} |");
        }
    }
    Ok(())
}
